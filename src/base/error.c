#include "berth/error.h"

const char *berth_error_text(int error) {
    switch (error) {
#define BERTH_ERROR_TEXT(code, name, text)                                                         \
    case code:                                                                                     \
        return text;
        BERTH_ERRORS(BERTH_ERROR_TEXT)
#undef BERTH_ERROR_TEXT
    default:
        return "unknown error";
    }
}

const char *berth_error_name(int error) {
    switch (error) {
#define BERTH_ERROR_NAME(code, name, text)                                                         \
    case code:                                                                                     \
        return #name;
        BERTH_ERRORS(BERTH_ERROR_NAME)
#undef BERTH_ERROR_NAME
    default:
        return "BERTH_E_UNKNOWN";
    }
}
