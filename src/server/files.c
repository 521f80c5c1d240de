#include "server/internal.h"

#include "base/assert.h"
#include "berth/error.h"

#include <string.h>

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

void berth_files_answer(struct berth_conn *conn, struct berth_view path,
                        struct berth_answer *answer) {
    char name[4096];
    struct berth_writer relative = berth_writer_on(name, sizeof name);
    berth_writer_view(&relative, path);
    if (path.size == 0 || path.data[path.size - 1] == '/')
        berth_writer_text(&relative, "index.html");
    berth_writer_char(&relative, 0);
    if (conn->server->static_dir < 0 || relative.overflow || has_hidden_part(path)) {
        answer_missing(conn, BERTH_E_NOT_FOUND);
        return;
    }
    struct berth_sys_file file;
    int error = berth_sys_file_open_beneath(conn->server->static_dir, name, &file);
    if (error < 0) {
        answer_missing(conn, error);
    } else if (file.is_folder) {
        berth_sys_file_close(&file);
        answer_redirect(conn, answer);
    } else {
        answer->status = 200;
        answer->type = berth_files_type((struct berth_view){name, relative.size - 1});
        answer->file = file;
        berth_answer_send(conn, answer);
    }
}
