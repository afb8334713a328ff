#ifndef NODEOS_NATIVE_H
#define NODEOS_NATIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <node_api.h>

/*
 * Every exported function returns NULL with a JavaScript exception pending when it fails. The helpers below
 * return false in the same case, so that a caller says `if (!helper(…)) return NULL;`.
 */

typedef napi_value native_function(napi_env env, napi_callback_info info);

struct native_method {
    const char *name;
    native_function *function;
};

/** Adds the functions of one source file to the module's exports. */
bool define_methods(napi_env env, napi_value exports, const struct native_method *methods, size_t count);

bool define_link(napi_env env, napi_value exports);
bool define_address(napi_env env, napi_value exports);
bool define_route(napi_env env, napi_value exports);
bool define_socket(napi_env env, napi_value exports);
bool define_relay(napi_env env, napi_value exports);
bool define_system(napi_env env, napi_value exports);

/** Throws `Error` with `code` "ENODEV" and message "ENODEV: No such device, <operation>[: <detail>]". */
napi_value throw_errno(napi_env env, int error, const char *operation, const char *detail);

/** Throws `TypeError` with `code` "ERR_INVALID_ARG_VALUE" that names the argument and what it must be. */
bool throw_argument(napi_env env, const char *name, const char *expected);

/** Reads up to `count` arguments; those that were not given are undefined. */
bool read_arguments(napi_env env, napi_callback_info info, size_t count, napi_value *arguments);

bool read_integer(napi_env env, napi_value value, const char *name, int64_t min, int64_t max, int64_t *result);
bool read_number(napi_env env, napi_value value, const char *name, double *result);
bool read_boolean(napi_env env, napi_value value, const char *name, bool *result);

/** Reads a string of fewer than `size` bytes without a zero byte. */
bool read_string(napi_env env, napi_value value, const char *name, char *result, size_t size);

/** Whether a value is neither undefined nor null; false with an exception pending never happens. */
bool is_given(napi_env env, napi_value value);

/** A property of `object`; undefined when the object itself was not given. */
bool read_property(napi_env env, napi_value object, const char *name, napi_value *result);

bool set_integer(napi_env env, napi_value object, const char *name, int64_t value);
bool set_boolean(napi_env env, napi_value object, const char *name, bool value);
bool set_string(napi_env env, napi_value object, const char *name, const char *value);

/** Turns a failed N-API status into an exception, if none is pending yet. */
bool check_status(napi_env env, napi_status status);

#endif
