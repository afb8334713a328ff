/* Routes of the main table, IPv4 and IPv6. */
#include "netlink.h"

#include <string.h>
#include <sys/socket.h>

static uint32_t read_word(const struct rtattr *attribute) {
    uint32_t word = 0;
    if (attribute && RTA_PAYLOAD(attribute) >= sizeof word) memcpy(&word, RTA_DATA(attribute), sizeof word);
    return word;
}

static bool set_destination(napi_env env, napi_value object, const struct rtmsg *route,
                            const struct rtattr *attribute) {
    if (attribute) return set_address(env, object, "destination", attribute);
    return set_string(env, object, "destination", route->rtm_family == AF_INET6 ? "::" : "0.0.0.0");
}

static bool visit_route(napi_env env, napi_value array, const struct nlmsghdr *message) {
    if (message->nlmsg_type != RTM_NEWROUTE) return true;
    const struct rtmsg *route = NLMSG_DATA(message);
    bool ip = route->rtm_family == AF_INET || route->rtm_family == AF_INET6;
    if (!ip || route->rtm_table != RT_TABLE_MAIN || route->rtm_type != RTN_UNICAST) return true;
    if (route->rtm_flags & RTM_F_CLONED) return true;
    const struct rtattr *table[RTA_PREFSRC + 1];
    netlink_attributes(message, sizeof *route, table, RTA_PREFSRC + 1);

    napi_value object = NULL;
    return append_object(env, array, &object) &&
           set_integer(env, object, "family", route->rtm_family == AF_INET6 ? 6 : 4) &&
           set_destination(env, object, route, table[RTA_DST]) &&
           set_integer(env, object, "prefix", route->rtm_dst_len) &&
           set_integer(env, object, "index", read_word(table[RTA_OIF])) &&
           set_integer(env, object, "metric", read_word(table[RTA_PRIORITY])) &&
           (!table[RTA_GATEWAY] || set_address(env, object, "gateway", table[RTA_GATEWAY])) &&
           (!table[RTA_PREFSRC] || set_address(env, object, "source", table[RTA_PREFSRC]));
}

static napi_value routes(napi_env env, napi_callback_info info) {
    (void)info;
    struct netlink_request request;
    netlink_begin(&request, RTM_GETROUTE, 0, sizeof request.route);
    return netlink_dump(env, &request, "routes", visit_route);
}

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

static bool add_metric(napi_env env, napi_value route, struct netlink_request *request) {
    napi_value value;
    int64_t metric;
    if (!read_property(env, route, "metric", &value)) return false;
    if (!is_given(env, value)) return true;
    if (!read_integer(env, value, "metric", 0, UINT32_MAX, &metric)) return false;
    uint32_t priority = (uint32_t)metric;
    netlink_add(request, RTA_PRIORITY, &priority, sizeof priority);
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
    if (!add_metric(env, route, request) || !add_on_link(env, route, request)) return false;
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

static napi_value route_add(napi_env env, napi_callback_info info) {
    return change(env, info, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, "routeAdd");
}

static napi_value route_replace(napi_env env, napi_callback_info info) {
    return change(env, info, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, "routeReplace");
}

static napi_value route_del(napi_env env, napi_callback_info info) {
    return change(env, info, RTM_DELROUTE, 0, "routeDel");
}

bool define_route(napi_env env, napi_value exports) {
    const struct native_method methods[] = {
        {"routes", routes}, {"routeAdd", route_add}, {"routeReplace", route_replace}, {"routeDel", route_del}};
    return define_methods(env, exports, methods, sizeof methods / sizeof *methods);
}
