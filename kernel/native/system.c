/* State of the machine rather than of the process: its name and its clock. */
#define _GNU_SOURCE
#include "native.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static napi_value set_hostname(napi_env env, napi_callback_info info) {
    napi_value argument;
    char name[HOST_NAME_MAX + 1];
    if (!read_arguments(env, info, 1, &argument)) return NULL;
    if (!read_string(env, argument, "name", name, sizeof name)) return NULL;
    size_t length = 0;
    while (name[length]) length++;
    if (sethostname(name, length) != 0) return throw_errno(env, errno, "setHostname", name);
    return NULL;
}

/** 9999-12-31 in milliseconds: keeps every conversion below within time_t. */
static const double last_moment = 253402300799000.0;

static napi_value clock_set(napi_env env, napi_callback_info info) {
    napi_value argument;
    double milliseconds;
    if (!read_arguments(env, info, 1, &argument)) return NULL;
    if (!read_number(env, argument, "epochMs", &milliseconds)) return NULL;
    if (milliseconds < 0 || milliseconds > last_moment) {
        throw_argument(env, "epochMs", "a time from 1970 to 9999");
        return NULL;
    }
    double seconds = floor(milliseconds / 1e3);
    struct timespec time = {.tv_sec = (time_t)seconds, .tv_nsec = (long)((milliseconds - seconds * 1e3) * 1e6)};
    if (clock_settime(CLOCK_REALTIME, &time) != 0) return throw_errno(env, errno, "clockSet", NULL);
    return NULL;
}

static napi_value clock_adjust(napi_env env, napi_callback_info info) {
    napi_value argument;
    double milliseconds;
    if (!read_arguments(env, info, 1, &argument)) return NULL;
    if (!read_number(env, argument, "offsetMs", &milliseconds)) return NULL;
    if (fabs(milliseconds) > 2e6) {
        throw_argument(env, "offsetMs", "from -2000000 to 2000000");
        return NULL;
    }
    double seconds = floor(milliseconds / 1e3);
    struct timeval delta = {.tv_sec = (time_t)seconds,
                            .tv_usec = (suseconds_t)((milliseconds - seconds * 1e3) * 1e3)};
    if (adjtime(&delta, NULL) != 0) return throw_errno(env, errno, "clockAdjust", NULL);
    return NULL;
}

/** The clock of an open device, as Documentation/driver-api/ptp.rst of the kernel has it. */
static clockid_t clock_of(int fd) { return (clockid_t)((~(unsigned int)fd << 3) | 3); }

static napi_value clock_read(napi_env env, napi_callback_info info) {
    napi_value argument, result = NULL;
    char path[PATH_MAX];
    struct timespec time;
    if (!read_arguments(env, info, 1, &argument)) return NULL;
    if (!read_string(env, argument, "path", path, sizeof path)) return NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return throw_errno(env, errno, "clockRead", path);
    int error = clock_gettime(clock_of(fd), &time) == 0 ? 0 : errno;
    close(fd);
    if (error) return throw_errno(env, error, "clockRead", path);
    double milliseconds = (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
    return check_status(env, napi_create_double(env, milliseconds, &result)) ? result : NULL;
}

bool define_system(napi_env env, napi_value exports) {
    const struct native_method methods[] = {
        {"setHostname", set_hostname},
        {"clockSet", clock_set},
        {"clockAdjust", clock_adjust},
        {"clockRead", clock_read},
    };
    return define_methods(env, exports, methods, sizeof methods / sizeof *methods);
}
