#include "sys/program.h"

#include "base/assert.h"

/* Programs that say nothing by their own name. A version may follow: python3.11, ruby2.7. */
static const char *const interpreters[] = {
    "python", "node", "ruby", "perl", "php", "deno", "bun", "bash", "dash", "sh", "lua",
};

static struct berth_view base_name(struct berth_view path) {
    size_t start = path.size;
    while (start > 0 && path.data[start - 1] != '/')
        start--;
    return (struct berth_view){path.data + start, path.size - start};
}

static bool is_version(struct berth_view text) {
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] != '.' && (text.data[i] < '0' || text.data[i] > '9'))
            return false;
    }
    return true;
}

static bool is_interpreter(struct berth_view name) {
    for (size_t i = 0; i < sizeof interpreters / sizeof interpreters[0]; i++) {
        struct berth_view stem = berth_view_of(interpreters[i]);
        if (berth_view_starts(name, stem) &&
            is_version((struct berth_view){name.data + stem.size, name.size - stem.size}))
            return true;
    }
    return false;
}

/* The script, module or program text's switch: the first argument that is no option, or "-m"'s. A
 * program given as text ("-c", "-e") has no name. */
static struct berth_view find_script(struct berth_view arguments) {
    while (arguments.size > 0) {
        struct berth_view argument = berth_view_cut(arguments, 0, &arguments);
        if (berth_view_equal(argument, BERTH_VIEW("-c")) ||
            berth_view_equal(argument, BERTH_VIEW("-e")))
            break;
        if (berth_view_equal(argument, BERTH_VIEW("-m")))
            return berth_view_cut(arguments, 0, &arguments);
        if (argument.size > 0 && argument.data[0] != '-')
            return base_name(argument);
    }
    return (struct berth_view){0};
}

static size_t put(char *name, size_t capacity, size_t at, struct berth_view text) {
    for (size_t i = 0; i < text.size && at + 1 < capacity; i++) {
        char c = text.data[i];
        name[at++] = c >= ' ' && c <= '~' ? c : '?';
    }
    return at;
}

void berth_sys_program_name(struct berth_view executable, struct berth_view arguments, char *name,
                            size_t capacity) {
    BERTH_ASSERT(capacity > 0);
    struct berth_view program = base_name(executable);
    struct berth_view script = {0};
    if (is_interpreter(program)) {
        /* "python3" is what was called; "python3.11" is where the links lead to. */
        struct berth_view called = base_name(berth_view_cut(arguments, 0, &arguments));
        if (is_interpreter(called))
            program = called;
        script = find_script(arguments);
    }
    size_t size = put(name, capacity, 0, program);
    if (script.size > 0) {
        size = put(name, capacity, size, BERTH_VIEW(" "));
        size = put(name, capacity, size, script);
    }
    name[size] = 0;
}
