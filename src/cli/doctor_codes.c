#include "cli/doctor_codes.h"

#include "base/assert.h"

const struct berth_doctor_code *berth_doctor_code_find(struct berth_view name) {
    for (size_t i = 0; i < BERTH_DOCTOR_CODES; i++)
        if (berth_view_equal(name, berth_view_of(berth_doctor_codes[i].name)))
            return &berth_doctor_codes[i];
    return NULL;
}

const char *berth_doctor_severity_name(enum berth_doctor_severity severity) {
    switch (severity) {
    case BERTH_DOCTOR_OK:
        return "ok";
    case BERTH_DOCTOR_NOTE:
        return "note";
    case BERTH_DOCTOR_WARNING:
        return "warning";
    case BERTH_DOCTOR_ERROR:
        return "error";
    }
    berth_assert_failed("severity is one of enum berth_doctor_severity", __FILE__, __LINE__);
}

void berth_doctor_code_explain(const struct berth_doctor_code *code, struct berth_writer *out) {
    berth_writer_format(out, "%s (%s): %s. %s %s %s\n", code->name,
                        berth_doctor_severity_name(code->severity), code->title, code->means,
                        code->cause, code->remedy);
}

/* Words in lines that suit a reader of the source. */
static void write_wrapped(struct berth_writer *out, const char *text) {
    static const size_t width = 100;
    struct berth_view rest = berth_view_of(text);
    size_t used = 0;
    while (rest.size > 0) {
        struct berth_view word = berth_view_cut(rest, ' ', &rest);
        bool fits = used + 1 + word.size <= width;
        if (used > 0)
            berth_writer_char(out, fits ? ' ' : '\n');
        used = (used > 0 && fits ? used + 1 : 0) + word.size;
        berth_writer_view(out, word);
    }
    berth_writer_char(out, '\n');
}

void berth_doctor_code_page(const struct berth_doctor_code *code, struct berth_writer *out) {
    berth_writer_format(out, "# %s\n\n**%s** · %s\n\n", code->name,
                        berth_doctor_severity_name(code->severity), code->title);
    write_wrapped(out, code->means);
    berth_writer_text(out, "\n## How it comes about\n\n");
    write_wrapped(out, code->cause);
    berth_writer_text(out, "\n## What to do\n\n");
    write_wrapped(out, code->remedy);
}
