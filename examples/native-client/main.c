/* Finds the assistant that runs on this machine, says hello, and prints what it answers.
 *
 *     ./dev serve                     (in one terminal)
 *     build/berth-example-client      (in another one, before or after)
 */
#include "berth/client.h"
#include "net/net.h"

#include <stdio.h>
#include <string.h>

static struct berth_client *client;

static void on_event(void *owner, const struct berth_find_event *event) {
    (void)owner;
    fprintf(stderr, "%5llu ms  %s\n", (unsigned long long)event->elapsed_ms, event->text);
}

static void on_message(void *owner, bool text, const void *data, size_t size) {
    static const char end[] = "conversation-chain-end";
    (void)owner, (void)text;
    printf("%.*s\n", (int)size, (const char *)data);
    if (memmem(data, size, end, sizeof end - 1) != NULL)
        berth_client_close(client);
}

static int fail(const char *what, int error) {
    fprintf(stderr, "%s: %s\n", what, berth_error_text(error));
    return 1;
}

int main(void) {
    static const char hello[] = "{\"type\":\"text-input\",\"text\":\"Hello, who are you?\"}";
    const struct berth_client_events events = {.on_message = on_message};
    const struct berth_client_options options = {
        .find = {.app = "assistant", .on_event = on_event},
        .events = &events,
    };
    struct berth_net *net;
    int error = berth_net_create(&net);
    if (error < 0)
        return fail("There is no loop to run on", error);
    error = berth_client_create(net, &options, NULL, &client);
    if (error == 0)
        error = berth_client_send(client, true, hello, sizeof hello - 1); /* once it is there */
    if (error == 0)
        error = berth_net_run(net); /* until the client is closed */
    berth_net_destroy(net);
    return error < 0 ? fail("The assistant could not be asked", error) : 0;
}
