/* Addresses of interfaces, IPv4 and IPv6. */
#include "netlink.h"

#include <string.h>
#include <sys/socket.h>

static bool visit_address(napi_env env, napi_value array, const struct nlmsghdr *message) {
    if (message->nlmsg_type != RTM_NEWADDR) return true;
    const struct ifaddrmsg *address = NLMSG_DATA(message);
    const struct rtattr *table[IFA_LOCAL + 1];
    netlink_attributes(message, sizeof *address, table, IFA_LOCAL + 1);
    /* On a point-to-point link IFA_ADDRESS is the peer's. */
    const struct rtattr *own = table[IFA_LOCAL] ? table[IFA_LOCAL] : table[IFA_ADDRESS];
    if (!own) return true;

    napi_value object = NULL;
    return append_object(env, array, &object) && set_integer(env, object, "index", address->ifa_index) &&
           set_address(env, object, "address", own) && set_integer(env, object, "prefix", address->ifa_prefixlen) &&
           set_integer(env, object, "family", address->ifa_family == AF_INET6 ? 6 : 4);
}

static napi_value addresses(napi_env env, napi_callback_info info) {
    (void)info;
    struct netlink_request request;
    netlink_begin(&request, RTM_GETADDR, 0, sizeof request.address);
    return netlink_dump(env, &request, "addresses", visit_address);
}

/** Starts a request about the address in the arguments (index, address, prefix). */
static bool begin(napi_env env, napi_value *arguments, struct netlink_request *request, uint16_t type,
                  uint16_t flags) {
    int64_t index, prefix;
    struct ip_address address;
    if (!read_integer(env, arguments[0], "index", 1, INT32_MAX, &index)) return false;
    if (!read_address(env, arguments[1], "address", &address)) return false;
    if (!read_integer(env, arguments[2], "prefix", 0, address.size * 8, &prefix)) return false;
    netlink_begin(request, type, flags, sizeof request->address);
    request->address.ifa_family = address.family;
    request->address.ifa_index = (uint32_t)index;
    request->address.ifa_prefixlen = (unsigned char)prefix;
    netlink_add(request, IFA_LOCAL, address.bytes, address.size);
    netlink_add(request, IFA_ADDRESS, address.bytes, address.size);
    return true;
}

/** Reads a lifetime in seconds; one that is not given lasts for ever. */
static bool read_lifetime(napi_env env, napi_value options, const char *name, uint32_t *result) {
    napi_value value;
    int64_t seconds;
    *result = UINT32_MAX;
    if (!read_property(env, options, name, &value)) return false;
    if (!is_given(env, value)) return true;
    if (!read_integer(env, value, name, 1, UINT32_MAX, &seconds)) return false;
    *result = (uint32_t)seconds;
    return true;
}

static bool add_options(napi_env env, napi_value options, struct netlink_request *request) {
    napi_value broadcast_value;
    struct ip_address broadcast;
    struct ifa_cacheinfo lifetime = {0};
    if (!read_property(env, options, "broadcast", &broadcast_value)) return false;
    if (is_given(env, broadcast_value)) {
        if (!read_address(env, broadcast_value, "broadcast", &broadcast)) return false;
        if (broadcast.family != AF_INET) return throw_argument(env, "broadcast", "an IPv4 address");
        netlink_add(request, IFA_BROADCAST, broadcast.bytes, broadcast.size);
    }
    if (!read_lifetime(env, options, "validLifetime", &lifetime.ifa_valid)) return false;
    if (!read_lifetime(env, options, "preferredLifetime", &lifetime.ifa_prefered)) return false;
    if (lifetime.ifa_prefered > lifetime.ifa_valid) lifetime.ifa_prefered = lifetime.ifa_valid;
    netlink_add(request, IFA_CACHEINFO, &lifetime, sizeof lifetime);
    return true;
}

static napi_value address_add(napi_env env, napi_callback_info info) {
    napi_value arguments[4];
    struct netlink_request request;
    if (!read_arguments(env, info, 4, arguments)) return NULL;
    if (!begin(env, arguments, &request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE)) return NULL;
    if (!add_options(env, arguments[3], &request)) return NULL;
    netlink_change(env, &request, "addressAdd");
    return NULL;
}

static napi_value address_del(napi_env env, napi_callback_info info) {
    napi_value arguments[3];
    struct netlink_request request;
    if (!read_arguments(env, info, 3, arguments)) return NULL;
    if (!begin(env, arguments, &request, RTM_DELADDR, 0)) return NULL;
    netlink_change(env, &request, "addressDel");
    return NULL;
}

bool define_address(napi_env env, napi_value exports) {
    const struct native_method methods[] = {
        {"addresses", addresses}, {"addressAdd", address_add}, {"addressDel", address_del}};
    return define_methods(env, exports, methods, sizeof methods / sizeof *methods);
}
