/* The exports of the module. */
#include "native.h"

bool define_methods(napi_env env, napi_value exports, const struct native_method *methods, size_t count) {
    for (size_t i = 0; i < count; i++) {
        napi_value function = NULL;
        napi_status status =
            napi_create_function(env, methods[i].name, NAPI_AUTO_LENGTH, methods[i].function, NULL, &function);
        if (!check_status(env, status)) return false;
        if (!check_status(env, napi_set_named_property(env, exports, methods[i].name, function))) return false;
    }
    return true;
}

NAPI_MODULE_INIT() {
    bool defined = define_link(env, exports) && define_address(env, exports) && define_route(env, exports) &&
                   define_socket(env, exports) && define_relay(env, exports) && define_system(env, exports);
    return defined ? exports : NULL;
}
