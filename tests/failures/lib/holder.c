/* Somebody who sits on a port, in one of the ways that a test needs.
 *
 *     holder 127.0.0.1 1018 [addr] [port] [later] [quiet]
 *
 *     addr, port   with SO_REUSEADDR, with SO_REUSEPORT
 *     later        is bound, says "bound", and listens when a line comes on stdin
 *     quiet        is bound and never listens
 *
 * It says "listening", "bound" or the error's name on stdout, accepts nobody, and ends with stdin.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int say(const char *text) {
    printf("%s\n", text);
    fflush(stdout);
    return 0;
}

static int fail(void) {
    say(errno == EADDRINUSE ? "EADDRINUSE" : strerror(errno));
    return 1;
}

static bool wait_for_line(void) {
    char line[64];
    return fgets(line, sizeof line, stdin) != NULL;
}

/* storage is all zero. */
static socklen_t make_address(const char *ip, const char *port, struct sockaddr_storage *storage) {
    struct sockaddr_in *v4 = (struct sockaddr_in *)storage;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)storage;
    v4->sin_port = htons((uint16_t)strtoul(port, NULL, 10)); /* at the same place in both */
    if (inet_pton(AF_INET, ip, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        return sizeof *v4;
    }
    v6->sin6_family = AF_INET6;
    return inet_pton(AF_INET6, ip, &v6->sin6_addr) == 1 ? sizeof *v6 : 0;
}

int main(int argc, char **argv) {
    bool later = false;
    bool quiet = false;
    int on = 1;
    struct sockaddr_storage address = {0};
    socklen_t size = argc >= 3 ? make_address(argv[1], argv[2], &address) : 0;
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (size == 0 || fd < 0)
        return fail();
    for (int i = 3; i < argc; i++) {
        later = later || strcmp(argv[i], "later") == 0;
        quiet = quiet || strcmp(argv[i], "quiet") == 0;
        if (strcmp(argv[i], "addr") == 0)
            setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (strcmp(argv[i], "port") == 0)
            setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    }
    if (address.ss_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&address, size) < 0)
        return fail();
    if (later || quiet)
        say("bound");
    if (later && !wait_for_line())
        return 0;
    if (!quiet && listen(fd, 8) < 0)
        return fail();
    if (!quiet)
        say("listening");
    while (wait_for_line())
        continue;
    return 0;
}
