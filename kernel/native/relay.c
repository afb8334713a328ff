/* Passes bytes between two connections in the event loop itself: V8 is not woken for them. */
#include "native.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

enum { most_bytes = 65536 };

/** One of the two connections. */
struct end {
    uv_poll_t poll;
    struct end *peer;
    /** A duplicate: libuv polls a descriptor once, and JavaScript's socket has its own. */
    int fd;
    /** Events that it is polled for. */
    int events;
    /** It sends nothing more. */
    bool ended;
    /** What its peer has sent and it has not taken yet; until it has, the peer is not read. */
    char *rest;
    size_t size;
};

struct relay {
    struct end ends[2];
    uv_timer_t idle;
    uint64_t idle_ms;
    /** Time of the loop when a byte came last. */
    uint64_t moved;
    /** Handles of libuv that are not closed. */
    int handles;
    bool stopped;
    /** By JavaScript, which is not called then. */
    bool cancelled;
    /** JavaScript has let go of it. */
    bool released;
    napi_env env;
    napi_async_context context;
    napi_ref on_end;
};

static void say_ended(const struct relay *relay) {
    napi_handle_scope scope;
    napi_value function, receiver;
    if (napi_open_handle_scope(relay->env, &scope) != napi_ok) return;
    if (napi_get_reference_value(relay->env, relay->on_end, &function) == napi_ok &&
        napi_get_global(relay->env, &receiver) == napi_ok) {
        napi_make_callback(relay->env, relay->context, receiver, function, 0, NULL, NULL);
    }
    napi_close_handle_scope(relay->env, scope);
}

static void destroy(struct relay *relay) {
    for (int i = 0; i < 2; i++) {
        if (relay->ends[i].fd >= 0) close(relay->ends[i].fd);
        free(relay->ends[i].rest);
    }
    if (!relay->cancelled) say_ended(relay);
    if (relay->on_end) napi_delete_reference(relay->env, relay->on_end);
    if (relay->context) napi_async_destroy(relay->env, relay->context);
}

static void on_closed(uv_handle_t *handle) {
    struct relay *relay = handle->data;
    relay->handles--;
    if (relay->handles > 0) return;
    destroy(relay);
    if (relay->released) free(relay);
}

static void on_release(napi_env env, void *data, void *hint) {
    (void)env, (void)hint;
    struct relay *relay = data;
    relay->released = true;
    if (relay->handles == 0) free(relay);
}

/** It ends when libuv has closed all that is polled. */
static void stop(struct relay *relay) {
    if (relay->stopped) return;
    relay->stopped = true;
    uv_close((uv_handle_t *)&relay->idle, on_closed);
    for (int i = 0; i < 2; i++) {
        if (relay->ends[i].poll.data) uv_close((uv_handle_t *)&relay->ends[i].poll, on_closed);
    }
}

/** Has a connection take bytes, and keeps those that it does not take now. False when it is lost. */
static bool give(struct end *to, const char *bytes, size_t size) {
    ssize_t sent = send(to->fd, bytes, size, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return false;
    size_t taken = sent < 0 ? 0 : (size_t)sent;
    if (taken == size) return true;
    to->size = size - taken;
    to->rest = malloc(to->size);
    if (to->rest) memcpy(to->rest, bytes + taken, to->size);
    return to->rest;
}

static bool give_rest(struct end *to) {
    char *rest = to->rest;
    to->rest = NULL;
    bool is_there = give(to, rest, to->size);
    free(rest);
    return is_there;
}

/** Passes on what a connection has sent, and its end. False when one of the two is lost. */
static bool take(struct end *from) {
    char bytes[most_bytes];
    ssize_t size = recv(from->fd, bytes, sizeof bytes, 0);
    if (size > 0) return give(from->peer, bytes, (size_t)size);
    if (size < 0) return errno == EAGAIN || errno == EINTR;
    from->ended = true;
    /* A connection that is lost already is found to be so by what is passed the other way. */
    shutdown(from->peer->fd, SHUT_WR);
    return true;
}

static void on_event(uv_poll_t *poll, int status, int events);

static bool watch(struct end *end) {
    int events = (end->ended || end->peer->rest ? 0 : UV_READABLE) | (end->rest ? UV_WRITABLE : 0);
    if (events == end->events) return true;
    end->events = events;
    return (events ? uv_poll_start(&end->poll, events, on_event) : uv_poll_stop(&end->poll)) == 0;
}

static void on_event(uv_poll_t *poll, int status, int events) {
    struct relay *relay = poll->data;
    struct end *end = (struct end *)poll;
    relay->moved = uv_now(poll->loop);
    /* Data that arrived before a connection was lost can still be read. */
    if (status < 0) events = UV_READABLE;
    bool is_there = !(events & UV_WRITABLE) || !end->rest || give_rest(end);
    if (is_there && events & UV_READABLE && !end->ended && !end->peer->rest) is_there = take(end);
    bool has_ended = end->ended && end->peer->ended && !end->rest && !end->peer->rest;
    if (status < 0 || !is_there || has_ended || !watch(end) || !watch(end->peer)) stop(relay);
}

static void on_idle(uv_timer_t *timer) {
    struct relay *relay = timer->data;
    uint64_t since = uv_now(timer->loop) - relay->moved;
    if (since >= relay->idle_ms) stop(relay);
    else uv_timer_start(timer, on_idle, relay->idle_ms - since, 0);
}

/** Begins to poll; JavaScript's descriptors stay its own. Returns 0 or an error of libuv. */
static int begin(struct relay *relay, uv_loop_t *loop, const int *fds) {
    uv_timer_init(loop, &relay->idle);
    relay->idle.data = relay;
    relay->handles = 1;
    for (int i = 0; i < 2; i++) {
        struct end *end = &relay->ends[i];
        end->fd = fcntl(fds[i], F_DUPFD_CLOEXEC, 0);
        if (end->fd < 0) return -errno;
        int error = uv_poll_init(loop, &end->poll, end->fd);
        if (error) return error;
        end->poll.data = relay;
        relay->handles++;
    }
    return 0;
}

static bool pass_head(napi_env env, napi_value head, struct end *to) {
    void *bytes;
    size_t size;
    if (!is_given(env, head)) return true;
    return napi_get_buffer_info(env, head, &bytes, &size) == napi_ok && (size == 0 || give(to, bytes, size));
}

static struct relay *allocate(void) {
    struct relay *relay = calloc(1, sizeof *relay);
    if (!relay) return NULL;
    for (int i = 0; i < 2; i++) {
        relay->ends[i].peer = &relay->ends[1 - i];
        relay->ends[i].fd = -1;
    }
    return relay;
}

static bool begin_relay(napi_env env, napi_value *arguments, struct relay *relay) {
    int64_t fds[2], idle_ms;
    uv_loop_t *loop;
    napi_value name;
    if (!read_integer(env, arguments[0], "one", 0, INT32_MAX, &fds[0])) return false;
    if (!read_integer(env, arguments[2], "other", 0, INT32_MAX, &fds[1])) return false;
    if (!read_integer(env, arguments[4], "idleMs", 1, INT32_MAX, &idle_ms)) return false;
    if (!check_status(env, napi_get_uv_event_loop(env, &loop)) ||
        !check_status(env, napi_create_string_utf8(env, "nodeos.relay", NAPI_AUTO_LENGTH, &name)) ||
        !check_status(env, napi_async_init(env, NULL, name, &relay->context)) ||
        !check_status(env, napi_create_reference(env, arguments[5], 1, &relay->on_end))) {
        return false;
    }
    relay->idle_ms = (uint64_t)idle_ms;
    relay->moved = uv_now(loop);
    int error = begin(relay, loop, (int[2]){(int)fds[0], (int)fds[1]});
    if (error) throw_errno(env, -error, "relay", NULL);
    bool is_there = !error && pass_head(env, arguments[1], &relay->ends[1]) &&
                    pass_head(env, arguments[3], &relay->ends[0]) && watch(&relay->ends[0]) &&
                    watch(&relay->ends[1]) &&
                    uv_timer_start(&relay->idle, on_idle, relay->idle_ms, 0) == 0;
    /* A connection that is already lost ends as it would a moment later. */
    if (!is_there) stop(relay);
    return !error;
}

static napi_value relay_start(napi_env env, napi_callback_info info) {
    napi_value arguments[6], handle;
    if (!read_arguments(env, info, 6, arguments)) return NULL;
    struct relay *relay = allocate();
    if (!relay) return throw_errno(env, ENOMEM, "relay", NULL);
    relay->env = env;
    if (!check_status(env, napi_create_external(env, relay, on_release, NULL, &handle))) {
        free(relay);
        return NULL;
    }
    if (begin_relay(env, arguments, relay)) return handle;
    relay->cancelled = true;
    if (relay->handles == 0) destroy(relay);
    return NULL;
}

static napi_value relay_stop(napi_env env, napi_callback_info info) {
    napi_value argument;
    void *relay;
    if (!read_arguments(env, info, 1, &argument)) return NULL;
    if (napi_get_value_external(env, argument, &relay) != napi_ok) {
        throw_argument(env, "relay", "a value that relay() returned");
        return NULL;
    }
    if (((struct relay *)relay)->stopped) return NULL;
    ((struct relay *)relay)->cancelled = true;
    stop(relay);
    return NULL;
}

bool define_relay(napi_env env, napi_value exports) {
    const struct native_method methods[] = {{"relay", relay_start}, {"relayStop", relay_stop}};
    return define_methods(env, exports, methods, sizeof methods / sizeof *methods);
}
