#include "server/internal.h"

#include "berth/error.h"
#include "proto/http_conditional.h"
#include "proto/http_range.h"
#include "sys/clock.h"

/* A file that was changed so short a time ago may be changed again within the same tick of its file
 * system's clock: its tag then is a weak one (RFC 9110 8.8.1). */
#define SETTLED_S 2

/* Two changes within one tick of the system's clock, of up to 10 ms, have the same time. */
#define TICK_MS 20

const char *berth_files_type(struct berth_view name) {
    static const struct {
        const char *ending, *type;
    } types[] = {
        {"html", "text/html; charset=utf-8"},
        {"htm", "text/html; charset=utf-8"},
        {"css", "text/css; charset=utf-8"},
        {"js", "text/javascript; charset=utf-8"},
        {"mjs", "text/javascript; charset=utf-8"},
        {"json", "application/json"},
        {"map", "application/json"},
        {"webmanifest", "application/manifest+json"},
        {"txt", "text/plain; charset=utf-8"},
        {"md", "text/markdown; charset=utf-8"},
        {"csv", "text/csv; charset=utf-8"},
        {"xml", "application/xml"},
        {"pdf", "application/pdf"},
        {"wasm", "application/wasm"},
        {"svg", "image/svg+xml"},
        {"png", "image/png"},
        {"jpg", "image/jpeg"},
        {"jpeg", "image/jpeg"},
        {"gif", "image/gif"},
        {"webp", "image/webp"},
        {"avif", "image/avif"},
        {"ico", "image/vnd.microsoft.icon"},
        {"woff", "font/woff"},
        {"woff2", "font/woff2"},
        {"ttf", "font/ttf"},
        {"otf", "font/otf"},
        {"wav", "audio/wav"},
        {"mp3", "audio/mpeg"},
        {"ogg", "audio/ogg"},
        {"opus", "audio/ogg"},
        {"flac", "audio/flac"},
        {"m4a", "audio/mp4"},
        {"mp4", "video/mp4"},
        {"webm", "video/webm"},
        {"moc3", "application/octet-stream"},
    };
    size_t dot = name.size;
    while (dot > 0 && name.data[dot - 1] != '.' && name.data[dot - 1] != '/')
        dot--;
    struct berth_view ending = {name.data + dot, name.size - dot};
    if (dot > 0 && name.data[dot - 1] == '.')
        for (size_t i = 0; i < sizeof types / sizeof *types; i++)
            if (berth_view_equal_nocase(ending, berth_view_of(types[i].ending)))
                return types[i].type;
    return "application/octet-stream";
}

/* A name that begins with a dot is nobody's business: .git, .env, .htpasswd. */
static bool has_hidden_part(struct berth_view path) {
    while (path.size > 0) {
        struct berth_view part = berth_view_cut(path, '/', &path);
        if (part.size > 0 && part.data[0] == '.')
            return true;
    }
    return false;
}

static void answer_missing(struct berth_conn *conn, int error) {
    if (error == BERTH_E_NOT_FOUND || error == BERTH_E_DENIED || error == BERTH_E_INVALID)
        berth_answer_text(conn, 404, "There is no such file.");
    else
        berth_answer_text(conn, 503, "The file cannot be opened now.");
}

/* A folder's address ends with a slash, so that the links in its index are relative to it. */
static void answer_redirect(struct berth_conn *conn, struct berth_answer *answer) {
    struct berth_view target = conn->http->head->target;
    struct berth_view query;
    struct berth_view path = berth_view_cut(target, '?', &query);
    char memory[4096];
    struct berth_writer location = berth_writer_on(memory, sizeof memory);
    if (path.size > 0 && path.data[0] != '/') { /* absolute form */
        berth_answer_text(conn, 404, "There is no such file.");
        return;
    }
    berth_writer_view(&location, path);
    berth_writer_char(&location, '/');
    if (query.data != NULL) {
        berth_writer_char(&location, '?');
        berth_writer_view(&location, query);
    }
    if (location.overflow) {
        berth_answer_text(conn, 414, "The address of this request is too long.");
        return;
    }
    answer->status = 301;
    answer->location = berth_writer_result(&location);
    berth_answer_send(conn, answer);
}

/* -- Which one to send ------------------------------------------------------------------------- */

/* A file that was asked for, and how it may be sent. */
struct wanted {
    const char *name; /* beneath the folder; ends with NUL */
    struct berth_view view;
    enum berth_http_coding order[BERTH_HTTP_CODINGS];
    size_t order_count;
};

/* The order as a number: two bits for each. */
static unsigned order_number(const struct wanted *wanted) {
    unsigned number = 1;
    for (size_t i = 0; i < wanted->order_count; i++)
        number = number << 2 | (unsigned)wanted->order[i];
    return number;
}

/* "app.js.br" beside "app.js". One that is older than the file was made from an older one. */
static bool open_coded(intptr_t dir, const struct wanted *wanted, enum berth_http_coding coding,
                       const struct berth_sys_file *plain, struct berth_sys_file *ret_file) {
    static const char *const endings[BERTH_HTTP_CODINGS] = {
        [BERTH_HTTP_CODING_GZIP] = ".gz",
        [BERTH_HTTP_CODING_ZSTD] = ".zst",
        [BERTH_HTTP_CODING_BR] = ".br",
    };
    char name[4096 + 8];
    struct berth_writer out = berth_writer_on(name, sizeof name);
    berth_writer_format(&out, "%s%s", wanted->name, endings[coding]);
    berth_writer_char(&out, 0);
    struct berth_sys_file file;
    if (out.overflow || berth_sys_file_open_beneath(dir, name, &file) < 0)
        return false;
    bool older = file.modified_s != plain->modified_s ? file.modified_s < plain->modified_s
                                                      : file.modified_ns < plain->modified_ns;
    if (file.is_folder || older) {
        berth_sys_file_close(&file);
        return false;
    }
    *ret_file = file;
    return true;
}

/* Puts the best coding that there is in place of the plain file. */
static enum berth_http_coding choose(intptr_t dir, const struct wanted *wanted,
                                     struct berth_sys_file *file) {
    for (size_t i = 0; i < wanted->order_count; i++) {
        struct berth_sys_file coded;
        if (wanted->order[i] == BERTH_HTTP_CODING_IDENTITY)
            break;
        if (!open_coded(dir, wanted, wanted->order[i], file, &coded))
            continue;
        coded.aliased = coded.aliased || file->aliased;
        berth_sys_file_close(file);
        *file = coded;
        return wanted->order[i];
    }
    return BERTH_HTTP_CODING_IDENTITY;
}

/* -- What to say of it ------------------------------------------------------------------------- */

static bool is_settled(const struct berth_file_version *version) {
    int64_t now_s = (int64_t)berth_sys_clock_unix_s();
    return version->modified_s <= now_s - SETTLED_S;
}

/* The inode tells a file from one that was put in its place, size and time tell its contents apart;
 * the device is left out, whose number may change when it is mounted again. What was read within a
 * tick of its change is told from every other reading: a tag that stood for two contents would
 * keep the first one with its clients for ever. */
static void write_tag(struct berth_writer *out, const struct berth_file_version *version) {
    berth_writer_format(out, "\"%c%llx-%llx-%llx.%x", "igzb"[version->coding],
                        (unsigned long long)version -> id, (unsigned long long)version -> size,
                        (unsigned long long)version -> modified_s, version -> modified_ns);
    if (version->reading > 0)
        berth_writer_format(out, "-%llx", (unsigned long long)version->reading);
    berth_writer_char(out, '"');
}

/* Where the bytes are; NULL leaves the file that the answer has. */
static void set_body(struct berth_answer *answer, const struct berth_cached_file *cached) {
    if (cached == NULL)
        return;
    if (cached->is_mapped)
        answer->mapped = cached;
    else
        answer->body = (struct berth_view){cached->bytes, (size_t)cached->version.size};
}

/* Answers with what is cached, or with the file of the answer (RFC 9110 13.2.1: first the
 * conditions, then the range). */
static void answer_version(struct berth_conn *conn, struct berth_answer *answer,
                           const struct berth_file_version *version,
                           const struct berth_cached_file *cached) {
    const struct berth_http_head *head = conn->http->head;
    char tag_memory[80], range_memory[80];
    struct berth_writer tag = berth_writer_on(tag_memory, sizeof tag_memory);
    struct berth_writer range = berth_writer_on(range_memory, sizeof range_memory);
    write_tag(&tag, version);
    struct berth_http_validators validators = {berth_writer_result(&tag), !is_settled(version),
                                               version->modified_s};
    answer->version = version;
    answer->validators = &validators;
    answer->end = version->size;
    answer->status = 200;
    set_body(answer, cached);

    uint64_t first = 0, last = 0;
    struct berth_view asked;
    switch (berth_http_condition(head, &validators)) {
    case BERTH_HTTP_CONDITION_NOT_MODIFIED:
        berth_answer_drop_body(answer);
        answer->status = 304;
        answer->type = NULL;
        berth_answer_send(conn, answer);
        return;
    case BERTH_HTTP_CONDITION_FAILED:
        berth_answer_drop_body(answer);
        berth_answer_text(conn, 412, "The file is not as this request wants it to be.");
        return;
    case BERTH_HTTP_CONDITION_MET:
        break;
    }
    if (head->method == BERTH_HTTP_METHOD_GET && berth_http_head_count(head, "Range") == 1 &&
        berth_http_head_find(head, "Range", &asked) == 0 &&
        berth_http_condition_range(head, &validators)) {
        switch (berth_http_range(asked, version->size, &first, &last)) {
        case BERTH_HTTP_RANGE_WHOLE:
            break;
        case BERTH_HTTP_RANGE_PART:
            answer->status = 206;
            berth_writer_format(&range, "bytes %llu-%llu/%llu", (unsigned long long)first,
                                (unsigned long long)last, (unsigned long long)version->size);
            answer->content_range = berth_writer_result(&range);
            berth_answer_cut_body(answer, first, last);
            break;
        case BERTH_HTTP_RANGE_NOWHERE:
            berth_answer_drop_body(answer);
            answer->status = 416;
            answer->type = NULL;
            berth_writer_format(&range, "bytes */%llu", (unsigned long long)version->size);
            answer->content_range = berth_writer_result(&range);
            break;
        }
    }
    berth_answer_send(conn, answer);
}

/* -- Answering --------------------------------------------------------------------------------- */

/* A clock that is ahead of ours by less than it takes to settle may be the file system's. */
static bool is_new(const struct berth_sys_file *file) {
    int64_t now_ms = (int64_t)berth_sys_clock_unix_ms();
    int64_t now_s = now_ms / 1000;
    if (file->modified_s < now_s - 1 || file->modified_s > now_s + SETTLED_S)
        return false; /* a file may have any date, even one that cannot be counted in ms */
    return file->modified_s * 1000 + file->modified_ns / 1000000 >= now_ms - TICK_MS;
}

static struct berth_file_version version_of(struct berth_server *server,
                                            const struct berth_sys_file *file,
                                            enum berth_http_coding coding) {
    return (struct berth_file_version){
        .coding = coding,
        .id = file->id,
        .size = file->size,
        .modified_s = file->modified_s,
        .modified_ns = file->modified_ns,
        .reading = is_new(file) ? atomic_fetch_add(&server->team->readings, 1) + 1 : 0,
    };
}

/* Not in memory: opens it, and keeps it there for the next time. */
static void answer_from_disk(struct berth_conn *conn, const struct wanted *wanted,
                             struct berth_answer *answer) {
    struct berth_server *server = conn->server;
    bool watched = server->files != NULL && berth_file_cache_watch(server->files, wanted->view);
    struct berth_sys_file file;
    int error = berth_sys_file_open_beneath(server->static_dir, wanted->name, &file);
    if (error < 0) {
        answer_missing(conn, error);
        return;
    }
    if (file.is_folder) {
        berth_sys_file_close(&file);
        answer_redirect(conn, answer);
        return;
    }
    enum berth_http_coding coding = choose(server->static_dir, wanted, &file);
    struct berth_file_version version = version_of(server, &file, coding);
    const struct berth_cached_file *cached = NULL;
    if (watched && !file.aliased)
        cached = berth_file_cache_put(server->files, wanted->view, order_number(wanted), &version,
                                      &file);
    if (cached != NULL)
        berth_sys_file_close(&file);
    else
        answer->file = file;
    answer_version(conn, answer, &version, cached);
}

void berth_files_answer(struct berth_conn *conn, struct berth_view path,
                        struct berth_answer *answer) {
    struct berth_server *server = conn->server;
    char name[4096];
    struct berth_writer relative = berth_writer_on(name, sizeof name);
    berth_writer_view(&relative, path);
    if (path.size == 0 || path.data[path.size - 1] == '/')
        berth_writer_text(&relative, "index.html");
    berth_writer_char(&relative, 0);
    if (server->static_dir < 0 || relative.overflow || has_hidden_part(path)) {
        answer_missing(conn, BERTH_E_NOT_FOUND);
        return;
    }
    struct wanted wanted = {.name = name, .view = {name, relative.size - 1}};
    wanted.order_count = berth_http_accept_codings(conn->http->head, wanted.order);
    answer->type = berth_files_type(wanted.view);
    const struct berth_cached_file *cached = NULL;
    if (server->files != NULL)
        cached = berth_file_cache_find(server->files, wanted.view, order_number(&wanted));
    if (cached != NULL)
        answer_version(conn, answer, &cached->version, cached);
    else
        answer_from_disk(conn, &wanted, answer);
}
