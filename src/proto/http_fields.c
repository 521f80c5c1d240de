#include "proto/http.h"

#include "base/assert.h"
#include "berth/error.h"
#include "proto/http_class.h"
#include "proto/http_target.h"

struct berth_view berth_http_head_field_name(const struct berth_http_head *head, size_t index) {
    BERTH_ASSERT(index < head->field_count);
    struct berth_http_span field = head->fields[index];
    return (struct berth_view){head->text + field.name, field.name_size};
}

struct berth_view berth_http_head_field_value(const struct berth_http_head *head, size_t index) {
    BERTH_ASSERT(index < head->field_count);
    struct berth_http_span field = head->fields[index];
    return (struct berth_view){head->text + field.value, field.value_size};
}

bool berth_http_head_next(const struct berth_http_head *head, const char *name, size_t *index,
                          struct berth_view *ret_value) {
    struct berth_view wanted = berth_view_of(name);
    while (*index < head->field_count) {
        size_t at = (*index)++;
        if (berth_view_equal_nocase(berth_http_head_field_name(head, at), wanted)) {
            *ret_value = berth_http_head_field_value(head, at);
            return true;
        }
    }
    return false;
}

int berth_http_head_find(const struct berth_http_head *head, const char *name,
                         struct berth_view *ret_value) {
    size_t index = 0;
    return berth_http_head_next(head, name, &index, ret_value) ? 0 : BERTH_E_NOT_FOUND;
}

size_t berth_http_head_count(const struct berth_http_head *head, const char *name) {
    size_t index = 0, count = 0;
    struct berth_view value;
    while (berth_http_head_next(head, name, &index, &value))
        count++;
    return count;
}

bool berth_http_list_has(struct berth_view list, const char *token) {
    struct berth_view wanted = berth_view_of(token);
    while (list.size > 0) {
        struct berth_view element = berth_view_trim(berth_view_cut(list, ',', &list));
        if (berth_view_equal_nocase(element, wanted))
            return true;
    }
    return false;
}

bool berth_http_head_list_has(const struct berth_http_head *head, const char *name,
                              const char *token) {
    size_t index = 0;
    struct berth_view value;
    while (berth_http_head_next(head, name, &index, &value))
        if (berth_http_list_has(value, token))
            return true;
    return false;
}

bool berth_http_is_token(struct berth_view view) {
    return view.size > 0 && berth_http_all(view, BERTH_HTTP_TOKEN);
}

struct berth_view berth_http_head_host(const struct berth_http_head *head) {
    struct berth_http_target target;
    if (head->target.size > 0 && berth_http_target_split(head->target, &target) == 0 &&
        target.authority.size > 0)
        return target.authority;
    struct berth_view host = {NULL, 0};
    size_t index = 0;
    (void)berth_http_head_next(head, "Host", &index, &host);
    return host;
}
