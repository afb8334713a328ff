#ifndef NODEOS_NETLINK_H
#define NODEOS_NETLINK_H

#include "native.h"

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

/** One rtnetlink request: the header, the message of its family, and room for attributes. */
struct netlink_request {
    struct nlmsghdr header;
    union {
        struct ifinfomsg link;
        struct ifaddrmsg address;
        struct rtmsg route;
        char room[512];
    };
};

/** An IPv4 or IPv6 address as it goes into an attribute. */
struct ip_address {
    unsigned char family;
    unsigned char size;
    unsigned char bytes[16];
};

/** Called for every message of a dump; returns false with an exception pending to stop. */
typedef bool netlink_visitor(napi_env env, napi_value array, const struct nlmsghdr *message);

/** Starts a request; `body` is the size of the family's message. */
void netlink_begin(struct netlink_request *request, uint16_t type, uint16_t flags, size_t body);

void netlink_add(struct netlink_request *request, uint16_t type, const void *data, size_t size);

/** Sends a request that changes something and waits for the kernel's word. Throws what it refused. */
bool netlink_change(napi_env env, struct netlink_request *request, const char *operation);

/** Sends a dump request; returns the array that the visitor filled, or NULL with an exception pending. */
napi_value netlink_dump(napi_env env, struct netlink_request *request, const char *operation,
                        netlink_visitor *visitor);

/** Sorts a message's attributes by type into `table`, whose size is `count`. */
void netlink_attributes(const struct nlmsghdr *message, size_t body, const struct rtattr **table, size_t count);

bool read_address(napi_env env, napi_value value, const char *name, struct ip_address *result);

/** Sets a property to the text of an address attribute; attributes of another size are ignored. */
bool set_address(napi_env env, napi_value object, const char *name, const struct rtattr *attribute);

/** Appends a new object to an array and returns it. */
bool append_object(napi_env env, napi_value array, napi_value *object);

#endif
