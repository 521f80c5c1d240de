#include "find/tell.h"

#include "base/assert.h"

/* "http://", an address, a constant of ours. */
#define TEXT_MAX 256

void berth_find_tell(const struct berth_find_options *options, uint64_t elapsed_ms,
                     const struct berth_find_news *news) {
    if (options->on_event == NULL)
        return;
    char url_memory[BERTH_ADDR_TEXT_MAX + 8];
    char text_memory[TEXT_MAX];
    struct berth_writer url = berth_writer_on(url_memory, sizeof url_memory);
    struct berth_writer text = berth_writer_on(text_memory, sizeof text_memory);
    berth_writer_text(&url, "http://");
    berth_addr_write(&news->place->address, &url);
    berth_writer_char(&url, 0);
    berth_writer_format(&text, "%s %s", url_memory, news->text);
    berth_writer_char(&text, 0);
    BERTH_ASSERT(!url.overflow && !text.overflow);
    const struct berth_find_event event = {
        .type = news->type,
        .source = news->place->source,
        .verdict = news->verdict,
        .url = url_memory,
        .text = text_memory,
        .elapsed_ms = elapsed_ms,
    };
    options->on_event(options->owner, &event);
}

enum berth_find_event_type berth_find_tell_type(enum berth_find_outcome outcome) {
    switch (outcome) {
    case BERTH_OUTCOME_REFUSED:
    case BERTH_OUTCOME_DRAINING:
        return BERTH_FIND_REFUSED;
    case BERTH_OUTCOME_SILENT:
    case BERTH_OUTCOME_FAILED:
        return BERTH_FIND_TIMEOUT;
    case BERTH_OUTCOME_STRANGER:
        return BERTH_FIND_STRANGER;
    case BERTH_OUTCOME_STARTING:
        return BERTH_FIND_STARTING;
    case BERTH_OUTCOME_READY:
        return BERTH_FIND_PROVED;
    }
    berth_assert_failed("outcome is one of enum berth_find_outcome", __FILE__, __LINE__);
}
