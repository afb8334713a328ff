/* Network interfaces: what there is, up or down, MTU. */
#include "netlink.h"

#include <linux/if.h>
#include <linux/if_arp.h>
#include <stdio.h>
#include <string.h>

static bool set_mac(napi_env env, napi_value object, const struct rtattr *attribute) {
    char text[3 * 32] = "";
    if (attribute) {
        const unsigned char *bytes = RTA_DATA(attribute);
        size_t size = RTA_PAYLOAD(attribute);
        for (size_t i = 0; i < size && i < 32; i++) {
            snprintf(text + (i ? i * 3 - 1 : 0), 4, "%s%02x", i ? ":" : "", bytes[i]);
        }
    }
    return set_string(env, object, "mac", text);
}

static bool visit_link(napi_env env, napi_value array, const struct nlmsghdr *message) {
    if (message->nlmsg_type != RTM_NEWLINK) return true;
    const struct ifinfomsg *link = NLMSG_DATA(message);
    const struct rtattr *table[IFLA_MTU + 1];
    netlink_attributes(message, sizeof *link, table, IFLA_MTU + 1);
    if (!table[IFLA_IFNAME] || !table[IFLA_MTU]) return true;
    uint32_t mtu;
    memcpy(&mtu, RTA_DATA(table[IFLA_MTU]), sizeof mtu);

    napi_value object = NULL;
    return append_object(env, array, &object) && set_integer(env, object, "index", link->ifi_index) &&
           set_string(env, object, "name", RTA_DATA(table[IFLA_IFNAME])) &&
           set_mac(env, object, table[IFLA_ADDRESS]) && set_integer(env, object, "mtu", mtu) &&
           set_boolean(env, object, "up", link->ifi_flags & IFF_UP) &&
           set_boolean(env, object, "carrier", link->ifi_flags & IFF_LOWER_UP) &&
           set_boolean(env, object, "loopback", link->ifi_flags & IFF_LOOPBACK) &&
           set_boolean(env, object, "ethernet", link->ifi_type == ARPHRD_ETHER);
}

static napi_value links(napi_env env, napi_callback_info info) {
    (void)info;
    struct netlink_request request;
    netlink_begin(&request, RTM_GETLINK, 0, sizeof request.link);
    uint32_t mask = RTEXT_FILTER_SKIP_STATS;
    netlink_add(&request, IFLA_EXT_MASK, &mask, sizeof mask);
    return netlink_dump(env, &request, "links", visit_link);
}

static napi_value link_set(napi_env env, napi_callback_info info) {
    napi_value arguments[2], up_value, mtu_value;
    int64_t index, mtu;
    bool up;
    if (!read_arguments(env, info, 2, arguments)) return NULL;
    if (!read_integer(env, arguments[0], "index", 1, INT32_MAX, &index)) return NULL;
    if (!read_property(env, arguments[1], "up", &up_value)) return NULL;
    if (!read_property(env, arguments[1], "mtu", &mtu_value)) return NULL;

    struct netlink_request request;
    netlink_begin(&request, RTM_NEWLINK, 0, sizeof request.link);
    request.link.ifi_index = (int)index;
    if (is_given(env, up_value)) {
        if (!read_boolean(env, up_value, "up", &up)) return NULL;
        request.link.ifi_change = IFF_UP;
        request.link.ifi_flags = up ? IFF_UP : 0;
    }
    if (is_given(env, mtu_value)) {
        if (!read_integer(env, mtu_value, "mtu", 68, UINT16_MAX, &mtu)) return NULL;
        uint32_t value = (uint32_t)mtu;
        netlink_add(&request, IFLA_MTU, &value, sizeof value);
    }
    netlink_change(env, &request, "linkSet");
    return NULL;
}

bool define_link(napi_env env, napi_value exports) {
    const struct native_method methods[] = {{"links", links}, {"linkSet", link_set}};
    return define_methods(env, exports, methods, sizeof methods / sizeof *methods);
}
