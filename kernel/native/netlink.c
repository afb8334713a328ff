/* A conversation with the kernel over rtnetlink: one socket a request, nothing kept in between. */
#include "netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { sequence = 1, reply_bytes = 32 * 1024, dump_tries = 4 };

/** What ended a conversation: 0 or an errno, and the kernel's own words if it had any. */
struct outcome {
    int error;
    char detail[128];
};

void netlink_begin(struct netlink_request *request, uint16_t type, uint16_t flags, size_t body) {
    memset(request, 0, sizeof *request);
    request->header.nlmsg_len = (uint32_t)NLMSG_LENGTH(body);
    request->header.nlmsg_type = type;
    request->header.nlmsg_flags = NLM_F_REQUEST | flags;
    request->header.nlmsg_seq = sequence;
}

void netlink_add(struct netlink_request *request, uint16_t type, const void *data, size_t size) {
    size_t offset = NLMSG_ALIGN(request->header.nlmsg_len);
    struct rtattr attribute = {.rta_len = (uint16_t)RTA_LENGTH(size), .rta_type = type};
    char *place = (char *)request + offset;
    memcpy(place, &attribute, sizeof attribute);
    memcpy(place + RTA_LENGTH(0), data, size);
    request->header.nlmsg_len = (uint32_t)(offset + RTA_LENGTH(size));
}

static int open_netlink(void) {
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0) return -1;
    int on = 1;
    /* Best effort: without them, errors only lack the kernel's explanation. */
    setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
    setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
    return fd;
}

static int send_request(int fd, const struct netlink_request *request) {
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    ssize_t sent;
    do {
        sent = sendto(fd, request, request->header.nlmsg_len, 0, (struct sockaddr *)&kernel, sizeof kernel);
    } while (sent < 0 && errno == EINTR);
    return sent < 0 ? errno : 0;
}

/** Reads the next datagram that the kernel itself sent. */
static ssize_t receive(int fd, void *buffer, size_t size) {
    for (;;) {
        struct sockaddr_nl from = {0};
        socklen_t length = sizeof from;
        ssize_t received = recvfrom(fd, buffer, size, 0, (struct sockaddr *)&from, &length);
        if (received >= 0 && from.nl_pid != 0) continue;
        if (received < 0 && errno == EINTR) continue;
        return received;
    }
}

static void read_error(const struct nlmsghdr *message, struct outcome *outcome) {
    if (message->nlmsg_len < NLMSG_LENGTH(sizeof(struct nlmsgerr))) {
        outcome->error = EBADMSG;
        return;
    }
    const struct nlmsgerr *error = NLMSG_DATA(message);
    outcome->error = -error->error;
    /* With CAP_ACK only the header of the request comes back; the attributes follow it. */
    if (!(message->nlmsg_flags & NLM_F_ACK_TLVS) || !(message->nlmsg_flags & NLM_F_CAPPED)) return;
    const struct rtattr *table[NLMSGERR_ATTR_MSG + 1];
    netlink_attributes(message, sizeof *error, table, NLMSGERR_ATTR_MSG + 1);
    const struct rtattr *text = table[NLMSGERR_ATTR_MSG];
    if (!text) return;
    size_t length = strnlen(RTA_DATA(text), RTA_PAYLOAD(text));
    if (length >= sizeof outcome->detail) length = sizeof outcome->detail - 1;
    memcpy(outcome->detail, RTA_DATA(text), length);
}

/** Reads replies until the kernel says that it is done; false means an exception is pending. */
static bool read_replies(napi_env env, int fd, napi_value array, netlink_visitor *visitor, struct outcome *outcome) {
    _Alignas(struct nlmsghdr) char buffer[reply_bytes];
    bool interrupted = false;
    for (;;) {
        ssize_t received = receive(fd, buffer, sizeof buffer);
        if (received <= 0) {
            outcome->error = received == 0 ? EPIPE : errno;
            return true;
        }
        size_t left = (size_t)received;
        for (struct nlmsghdr *message = (struct nlmsghdr *)buffer; NLMSG_OK(message, left);
             message = NLMSG_NEXT(message, left)) {
            if (message->nlmsg_seq != sequence) continue;
            if (message->nlmsg_flags & NLM_F_DUMP_INTR) interrupted = true;
            if (message->nlmsg_type == NLMSG_ERROR) {
                read_error(message, outcome);
                return true;
            }
            if (message->nlmsg_type == NLMSG_DONE) {
                if (interrupted) outcome->error = EINTR;
                return true;
            }
            if (visitor && !visitor(env, array, message)) return false;
        }
    }
}

static bool talk(napi_env env, struct netlink_request *request, napi_value array, netlink_visitor *visitor,
                 struct outcome *outcome) {
    int fd = open_netlink();
    if (fd < 0) {
        outcome->error = errno;
        return true;
    }
    outcome->error = send_request(fd, request);
    bool alive = outcome->error != 0 || read_replies(env, fd, array, visitor, outcome);
    close(fd);
    return alive;
}

bool netlink_change(napi_env env, struct netlink_request *request, const char *operation) {
    struct outcome outcome = {0};
    request->header.nlmsg_flags |= NLM_F_ACK;
    if (!talk(env, request, NULL, NULL, &outcome)) return false;
    if (outcome.error == 0) return true;
    throw_errno(env, outcome.error, operation, outcome.detail);
    return false;
}

napi_value netlink_dump(napi_env env, struct netlink_request *request, const char *operation,
                        netlink_visitor *visitor) {
    struct outcome outcome = {0};
    request->header.nlmsg_flags |= NLM_F_DUMP;
    for (int attempt = 0; attempt < dump_tries; attempt++) {
        napi_value array = NULL;
        outcome = (struct outcome){0};
        if (!check_status(env, napi_create_array(env, &array))) return NULL;
        if (!talk(env, request, array, visitor, &outcome)) return NULL;
        if (outcome.error == 0) return array;
        /* The tables changed while they were read. */
        if (outcome.error != EINTR) break;
    }
    return throw_errno(env, outcome.error, operation, outcome.detail);
}

void netlink_attributes(const struct nlmsghdr *message, size_t body, const struct rtattr **table, size_t count) {
    memset(table, 0, count * sizeof *table);
    if (message->nlmsg_len < NLMSG_SPACE(body)) return;
    size_t left = message->nlmsg_len - NLMSG_SPACE(body);
    const struct rtattr *attribute = (const struct rtattr *)((const char *)message + NLMSG_SPACE(body));
    for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
        size_t type = attribute->rta_type & NLA_TYPE_MASK;
        if (type < count) table[type] = attribute;
    }
}

bool read_address(napi_env env, napi_value value, const char *name, struct ip_address *result) {
    char text[INET6_ADDRSTRLEN];
    if (!read_string(env, value, name, text, sizeof text)) return false;
    result->family = strchr(text, ':') ? AF_INET6 : AF_INET;
    result->size = result->family == AF_INET6 ? 16 : 4;
    if (inet_pton(result->family, text, result->bytes) == 1) return true;
    return throw_argument(env, name, "an IPv4 or IPv6 address");
}

bool set_address(napi_env env, napi_value object, const char *name, const struct rtattr *attribute) {
    char text[INET6_ADDRSTRLEN];
    size_t size = RTA_PAYLOAD(attribute);
    if (size != 4 && size != 16) return true;
    inet_ntop(size == 4 ? AF_INET : AF_INET6, RTA_DATA(attribute), text, sizeof text);
    return set_string(env, object, name, text);
}

bool append_object(napi_env env, napi_value array, napi_value *object) {
    uint32_t length = 0;
    return check_status(env, napi_get_array_length(env, array, &length)) &&
           check_status(env, napi_create_object(env, object)) &&
           check_status(env, napi_set_element(env, array, length, *object));
}
