/* Routes of the main table, IPv4 and IPv6. */
#include "netlink.h"

#include <sys/socket.h>

/** Adds an optional address property as an attribute; `given` says whether it was there. */
static bool add_address(napi_env env, napi_value route, const char *name, uint16_t type,
                        struct netlink_request *request, bool *given) {
    napi_value value;
    struct ip_address address;
    if (!read_property(env, route, name, &value)) return false;
    *given = is_given(env, value);
    if (!*given) return true;
    if (!read_address(env, value, name, &address)) return false;
    if (address.family != request->route.rtm_family) return throw_argument(env, name, "of the same family as the destination");
    netlink_add(request, type, address.bytes, address.size);
    return true;
}

static bool add_on_link(napi_env env, napi_value route, struct netlink_request *request) {
    napi_value value;
    bool on_link;
    if (!read_property(env, route, "onLink", &value)) return false;
    if (!is_given(env, value)) return true;
    if (!read_boolean(env, value, "onLink", &on_link)) return false;
    if (on_link) request->route.rtm_flags |= RTNH_F_ONLINK;
    return true;
}

/** Starts a request about the route that a JavaScript object describes. */
static bool begin(napi_env env, napi_value route, struct netlink_request *request, uint16_t type, uint16_t flags) {
    napi_value value;
    struct ip_address destination;
    int64_t prefix, index;
    bool gateway, source;
    if (!is_given(env, route)) return throw_argument(env, "route", "an object");
    if (!read_property(env, route, "destination", &value)) return false;
    if (!read_address(env, value, "destination", &destination)) return false;
    if (!read_property(env, route, "prefix", &value)) return false;
    if (!read_integer(env, value, "prefix", 0, destination.size * 8, &prefix)) return false;
    if (!read_property(env, route, "index", &value)) return false;
    if (!read_integer(env, value, "index", 1, INT32_MAX, &index)) return false;

    netlink_begin(request, type, flags, sizeof request->route);
    request->route.rtm_family = destination.family;
    request->route.rtm_dst_len = (unsigned char)prefix;
    request->route.rtm_table = RT_TABLE_MAIN;
    request->route.rtm_type = RTN_UNICAST;
    request->route.rtm_protocol = type == RTM_DELROUTE ? RTPROT_UNSPEC : RTPROT_STATIC;
    if (prefix > 0) netlink_add(request, RTA_DST, destination.bytes, destination.size);
    uint32_t device = (uint32_t)index;
    netlink_add(request, RTA_OIF, &device, sizeof device);
    if (!add_address(env, route, "gateway", RTA_GATEWAY, request, &gateway)) return false;
    if (!add_address(env, route, "source", RTA_PREFSRC, request, &source)) return false;
    if (!add_on_link(env, route, request)) return false;
    /* To delete, NOWHERE is any scope. */
    bool link_scope = !gateway && destination.family == AF_INET;
    unsigned char scope = link_scope ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
    request->route.rtm_scope = type == RTM_DELROUTE ? RT_SCOPE_NOWHERE : scope;
    return true;
}

static napi_value change(napi_env env, napi_callback_info info, uint16_t type, uint16_t flags, const char *operation) {
    napi_value route;
    struct netlink_request request;
    if (!read_arguments(env, info, 1, &route)) return NULL;
    if (begin(env, route, &request, type, flags)) netlink_change(env, &request, operation);
    return NULL;
}

static napi_value route_replace(napi_env env, napi_callback_info info) {
    return change(env, info, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, "routeReplace");
}

static napi_value route_del(napi_env env, napi_callback_info info) {
    return change(env, info, RTM_DELROUTE, 0, "routeDel");
}

bool define_route(napi_env env, napi_value exports) {
    const struct native_method methods[] = {{"routeReplace", route_replace}, {"routeDel", route_del}};
    return define_methods(env, exports, methods, sizeof methods / sizeof *methods);
}
