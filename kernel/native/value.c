/* JavaScript values to C and back. */
#define _GNU_SOURCE
#include "native.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bool check_status(napi_env env, napi_status status) {
    if (status == napi_ok) return true;
    bool pending = false;
    napi_is_exception_pending(env, &pending);
    if (!pending) napi_throw_error(env, "ERR_NAPI", "a call into Node-API failed");
    return false;
}

napi_value throw_errno(napi_env env, int error, const char *operation, const char *detail) {
    const char *code = strerrorname_np(error);
    const char *text = strerrordesc_np(error);
    char message[512];
    snprintf(message, sizeof message, "%s: %s, %s%s%s", code ? code : "EUNKNOWN", text ? text : "unknown error",
             operation, detail && *detail ? ": " : "", detail ? detail : "");
    napi_throw_error(env, code ? code : "EUNKNOWN", message);
    return NULL;
}

bool throw_argument(napi_env env, const char *name, const char *expected) {
    char message[256];
    snprintf(message, sizeof message, "%s must be %s", name, expected);
    napi_throw_type_error(env, "ERR_INVALID_ARG_VALUE", message);
    return false;
}

bool read_arguments(napi_env env, napi_callback_info info, size_t count, napi_value *arguments) {
    return check_status(env, napi_get_cb_info(env, info, &count, arguments, NULL, NULL));
}

static napi_valuetype type_of(napi_env env, napi_value value) {
    napi_valuetype type = napi_undefined;
    napi_typeof(env, value, &type);
    return type;
}

bool is_given(napi_env env, napi_value value) {
    napi_valuetype type = type_of(env, value);
    return type != napi_undefined && type != napi_null;
}

bool read_number(napi_env env, napi_value value, const char *name, double *result) {
    if (napi_get_value_double(env, value, result) == napi_ok && isfinite(*result)) return true;
    return throw_argument(env, name, "a finite number");
}

bool read_integer(napi_env env, napi_value value, const char *name, int64_t min, int64_t max, int64_t *result) {
    double number = 0;
    if (napi_get_value_double(env, value, &number) == napi_ok && number >= (double)min && number <= (double)max &&
        number == floor(number)) {
        *result = (int64_t)number;
        return true;
    }
    char expected[96];
    snprintf(expected, sizeof expected, "an integer from %lld to %lld", (long long)min, (long long)max);
    return throw_argument(env, name, expected);
}

bool read_boolean(napi_env env, napi_value value, const char *name, bool *result) {
    if (napi_get_value_bool(env, value, result) == napi_ok) return true;
    return throw_argument(env, name, "a boolean");
}

bool read_string(napi_env env, napi_value value, const char *name, char *result, size_t size) {
    size_t length = 0;
    if (napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok) {
        return throw_argument(env, name, "a string");
    }
    if (length >= size) {
        char expected[64];
        snprintf(expected, sizeof expected, "a string of at most %zu bytes", size - 1);
        return throw_argument(env, name, expected);
    }
    if (!check_status(env, napi_get_value_string_utf8(env, value, result, size, NULL))) return false;
    if (strlen(result) != length) return throw_argument(env, name, "a string without NUL bytes");
    return true;
}

bool read_property(napi_env env, napi_value object, const char *name, napi_value *result) {
    if (!is_given(env, object)) return check_status(env, napi_get_undefined(env, result));
    if (type_of(env, object) != napi_object) return throw_argument(env, "options", "an object");
    return check_status(env, napi_get_named_property(env, object, name, result));
}

static bool set_value(napi_env env, napi_value object, const char *name, napi_status status, napi_value value) {
    return check_status(env, status) && check_status(env, napi_set_named_property(env, object, name, value));
}

bool set_integer(napi_env env, napi_value object, const char *name, int64_t value) {
    napi_value result = NULL;
    napi_status status = napi_create_int64(env, value, &result);
    return set_value(env, object, name, status, result);
}

bool set_boolean(napi_env env, napi_value object, const char *name, bool value) {
    napi_value result = NULL;
    napi_status status = napi_get_boolean(env, value, &result);
    return set_value(env, object, name, status, result);
}

bool set_string(napi_env env, napi_value object, const char *name, const char *value) {
    napi_value result = NULL;
    napi_status status = napi_create_string_utf8(env, value, NAPI_AUTO_LENGTH, &result);
    return set_value(env, object, name, status, result);
}
