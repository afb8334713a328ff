/* Sockets with options that Node has no word for. */
#include "native.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { dhcp_client_port = 68 };

static bool turn_on(int fd, int option) {
    int on = 1;
    return setsockopt(fd, SOL_SOCKET, option, &on, sizeof on) == 0;
}

static napi_value dhcp_socket(napi_env env, napi_callback_info info) {
    napi_value argument, result = NULL;
    int64_t index;
    char name[IF_NAMESIZE];
    if (!read_arguments(env, info, 1, &argument)) return NULL;
    if (!read_integer(env, argument, "index", 1, INT32_MAX, &index)) return NULL;
    if (!if_indextoname((unsigned int)index, name)) {
        return throw_errno(env, errno == ENXIO ? ENODEV : errno, "dhcpSocket", NULL);
    }

    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return throw_errno(env, errno, "dhcpSocket", NULL);
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(dhcp_client_port)};
    if (!turn_on(fd, SO_REUSEADDR) || !turn_on(fd, SO_BROADCAST) ||
        setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, (socklen_t)strlen(name)) != 0 || bind(fd, (struct sockaddr *)&any, sizeof any) != 0) {
        int error = errno;
        close(fd);
        return throw_errno(env, error, "dhcpSocket", NULL);
    }
    if (check_status(env, napi_create_int32(env, fd, &result))) return result;
    close(fd);
    return NULL;
}

bool define_socket(napi_env env, napi_value exports) {
    const struct native_method methods[] = {{"dhcpSocket", dhcp_socket}};
    return define_methods(env, exports, methods, sizeof methods / sizeof *methods);
}
