/* What the configuration's author reads when something is wrong with it: word for word. */
#include "app/config.h"
#include "base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const char *const environment[] = {"MY_PORT=4000", "EMPTY=", "MY_HOST=::1",
                                          "NESTED=${MY_PORT}", NULL};
static const char *const backends[] = {"echo", "hub", "demo", NULL};
static const struct berth_config_context context = {environment, "/here", backends};

struct example {
    const char *yaml;
    const char *messages; /* all of them, each with its line end */
};

static const struct example examples[] = {
    {"SERVER_PORT: 70000\n",
     "c.yaml:1:14: SERVER_PORT: 70000 is too large: a port is 0 (the system chooses) to 65535\n"},
    {"SERVER_PORT: 65536\n",
     "c.yaml:1:14: SERVER_PORT: 65536 is too large: a port is 0 (the system chooses) to 65535\n"},
    {"SERVER_PORT: -1\n",
     "c.yaml:1:14: SERVER_PORT: -1 is below 0: a port is 0 (the system chooses) to 65535\n"},
    {"# c\nSERVER_PORT: 10.5\n",
     "c.yaml:2:14: SERVER_PORT: 10.5 is not a whole number: write digits only, such as 1018\n"},
    {"SERVER_PORT: 1e3\n",
     "c.yaml:1:14: SERVER_PORT: 1e3 is not a whole number: write digits only, such as 1018\n"},
    {"SERVER_PORT: 0x3FA\n",
     "c.yaml:1:14: SERVER_PORT: 0x3FA is not a whole number: write digits only, such as 1018\n"},
    {"SERVER_PORT: 1_018\n",
     "c.yaml:1:14: SERVER_PORT: 1_018 is not a whole number: write digits only, such as 1018\n"},
    {"SERVER_PORT: 01018\n", "c.yaml:1:14: SERVER_PORT: 01018 begins with a zero, which some "
                             "programs read as octal: write 1018\n"},
    {"SERVER_PORT: eighty\n",
     "c.yaml:1:14: SERVER_PORT: eighty is not a whole number: write digits only, such as 1018\n"},
    {"SERVER_PORT: 99999999999999999999999\n",
     "c.yaml:1:14: SERVER_PORT: 99999999999999999999999 is too large: a port is 0 (the system "
     "chooses) to 65535\n"},
    {"SERVER_PORT:\n",
     "c.yaml:1:13: SERVER_PORT: there is no value: write one, or leave the setting out\n"},
    {"SERVER_PORT: ~\n",
     "c.yaml:1:14: SERVER_PORT: there is no value: write one, or leave the setting out\n"},
    {"SERVER_PORT: ''\n",
     "c.yaml:1:14: SERVER_PORT: there is no value: write one, or leave the setting out\n"},
    {"SERVER_PORT: [1018]\n", "c.yaml:1:14: SERVER_PORT: here is a list: write one value\n"},
    {"SERVER_PORT: {a: 1}\n", "c.yaml:1:14: SERVER_PORT: here is a map of keys: write one value\n"},
    {"SERVER_PORT: \"10\\n18\"\n", "c.yaml:1:14: SERVER_PORT: the value holds a line end or "
                                   "another control character: write it on one line\n"},
    {"SERVER_PORT: !env PORT\n",
     "c.yaml:1:14: SERVER_PORT: a tag stands before the value, and tags mean nothing here: write "
     "the value itself, or ${NAME} for an environment variable\n"},
    {"SERVER_PORT: 10 18\n",
     "c.yaml:1:14: SERVER_PORT: 10 18 is not a whole number: write digits only, such as 1018\n"},
    {"WEBSOCKET_PORT: x\n",
     "c.yaml:1:17: WEBSOCKET_PORT: x is not a whole number: write digits only, such as 1018\n"},
    {"SERVER_PORT: 1018\nSERVER_PORT: 1018\n",
     "c.yaml:2:1: SERVER_PORT: this key stands in line 1 already: leave one of them out\n"},
    {"BERTH:\n  APP: a\nBERTH:\n  APP: b\n",
     "c.yaml:3:1: BERTH: this key stands in line 1 already: leave one of them out\n"},
    {"BERTH:\n  LOG: {LEVEL: info, LEVEL: debug}\n",
     "c.yaml:2:22: LEVEL: this key stands in line 2 already: leave one of them out\n"},
    {"HOST: assistant.local\n",
     "c.yaml:1:7: HOST: assistant.local is no IP address: a name can stand for another machine "
     "tomorrow: write 127.0.0.1 for this machine alone, or 0.0.0.0 for every network of it\n"},
    {"HOST: '*'\n",
     "c.yaml:1:7: HOST: * is no IP address: write 0.0.0.0 for every network of this machine\n"},
    {"HOST: '[::1]'\n", "c.yaml:1:7: HOST: [::1] is no IP address: write an IPv6 address without "
                        "brackets, such as ::1\n"},
    {"HOST: 127.0.0.1:1018\n", "c.yaml:1:7: HOST: 127.0.0.1:1018 is no IP address: write the "
                               "address alone, such as 127.0.0.1, and the port as SERVER_PORT\n"},
    {"HOST: http://127.0.0.1\n", "c.yaml:1:7: HOST: http://127.0.0.1 is no IP address: write the "
                                 "address alone, such as 127.0.0.1, and the port as SERVER_PORT\n"},
    {"HOST: fe80::1%eth0\n", "c.yaml:1:7: HOST: fe80::1%eth0 is no IP address: an address with a "
                             "zone does not work in a browser: use one without\n"},
    {"HOST: 127.1\n",
     "c.yaml:1:7: HOST: 127.1 is no IP address: write it in full, such as 127.0.0.1 or ::1\n"},
    {"HOST: 256.0.0.1\n",
     "c.yaml:1:7: HOST: 256.0.0.1 is no IP address: write it in full, such as 127.0.0.1 or ::1\n"},
    {"HOST: 12::zz\n",
     "c.yaml:1:7: HOST: 12::zz is no IP address: write it in full, such as 127.0.0.1 or ::1\n"},
    {"- a\n- b\n", "c.yaml:1:1: the file holds a list, not settings: write one \"KEY: value\" a "
                   "line, such as SERVER_PORT: 1018\n"},
    {"just words\n", "c.yaml:1:1: the file holds a single value, not settings: write one \"KEY: "
                     "value\" a line, such as SERVER_PORT: 1018\n"},
    {"BERTH: on\n", "c.yaml:1:8: BERTH: write a map of settings here, one \"KEY: value\" a line\n"},
    {"BERTH: [a]\n",
     "c.yaml:1:8: BERTH: write a map of settings here, one \"KEY: value\" a line\n"},
    {"BERTH:\n  STATTIC: x\n",
     "c.yaml:2:3: STATTIC: BERTH has no such key: did you mean STATIC?\n"},
    {"BERTH:\n  static: x\n", "c.yaml:2:3: static: BERTH has no such key: did you mean STATIC?\n"},
    {"BERTH:\n  COFFEE: x\n",
     "c.yaml:2:3: COFFEE: BERTH has no such key: it has APP, STATIC, PORT_FILE, PORT_TRIES, "
     "FALLBACK, STICKY, INSTANCE, STATE_DIR, ROUTES, ALLOWED_ORIGINS, AUTH, COMPRESSION, "
     "COMPRESSION_MIN, THREADS, SPIN_US, LOG, "
     "LIMITS\n"},
    {"BERTH:\n  LIMITS:\n    HEAD_SIZES: 1\n",
     "c.yaml:3:5: HEAD_SIZES: BERTH.LIMITS has no such key: did you mean HEAD_SIZE?\n"},
    {"BERTH:\n  LOG:\n    COLOUR: x\n",
     "c.yaml:3:5: COLOUR: BERTH.LOG has no such key: it has LEVEL, FORMAT\n"},
    {"BERTH:\n  [a, b]: x\n", "c.yaml:2:3: BERTH: a key is a single word here\n"},
    {"BERTH:\n  SOCKS: 4\n  TLS: {}\n",
     "c.yaml:2:3: SOCKS: BERTH has no such key: it has APP, STATIC, PORT_FILE, PORT_TRIES, "
     "FALLBACK, STICKY, INSTANCE, STATE_DIR, ROUTES, ALLOWED_ORIGINS, AUTH, COMPRESSION, "
     "COMPRESSION_MIN, THREADS, SPIN_US, LOG, LIMITS\n"
     "c.yaml:3:3: TLS: BERTH has no such key: it has APP, STATIC, PORT_FILE, PORT_TRIES, FALLBACK, "
     "STICKY, INSTANCE, STATE_DIR, ROUTES, ALLOWED_ORIGINS, AUTH, COMPRESSION, COMPRESSION_MIN, "
     "THREADS, SPIN_US, LOG, LIMITS\n"},
    {"BERTH: {INSTANCE: one}\n", "c.yaml:1:19: INSTANCE: one is not known here: write many, single "
                                 "or attach\n"},
    {"BERTH:\n  LOG.LEVEL: info\n",
     "c.yaml:2:3: LOG.LEVEL: BERTH has no such key: it has APP, STATIC, PORT_FILE, PORT_TRIES, "
     "FALLBACK, STICKY, INSTANCE, STATE_DIR, ROUTES, ALLOWED_ORIGINS, AUTH, COMPRESSION, "
     "COMPRESSION_MIN, THREADS, SPIN_US, LOG, "
     "LIMITS\n"},
    {"BERTH:\n  <<: {APP: a}\n",
     "c.yaml:2:3: <<: BERTH has no such key: it has APP, STATIC, PORT_FILE, PORT_TRIES, FALLBACK, "
     "STICKY, INSTANCE, STATE_DIR, ROUTES, ALLOWED_ORIGINS, AUTH, COMPRESSION, COMPRESSION_MIN, "
     "THREADS, SPIN_US, LOG, LIMITS\n"},
    {"BERTH: {STICKY: perhaps}\n",
     "c.yaml:1:17: STICKY: perhaps is neither true nor false: write one of the two\n"},
    {"BERTH: {FALLBACK: maybe}\n",
     "c.yaml:1:19: FALLBACK: maybe is not known here: write ephemeral or fail\n"},
    {"BERTH: {AUTH: password}\n",
     "c.yaml:1:15: AUTH: password is not known here: write token or none\n"},
    {"BERTH: {PORT_TRIES: 0}\n",
     "c.yaml:1:21: PORT_TRIES: 0 is too small: write 1 to 1000 (ports)\n"},
    {"BERTH: {PORT_TRIES: 1001}\n",
     "c.yaml:1:21: PORT_TRIES: 1001 is too large: write 1 to 1000 (ports)\n"},
    {"BERTH: {LIMITS: {HEAD_SIZE: 1}}\n",
     "c.yaml:1:29: HEAD_SIZE: 1 is too small: write 1024 to 65535 (bytes)\n"},
    {"BERTH: {LIMITS: {MESSAGE_SIZE: 16M}}\n",
     "c.yaml:1:32: MESSAGE_SIZE: 16M is not a whole number: write digits only, such as 16777216\n"},
    {"BERTH: {LIMITS: 5}\n",
     "c.yaml:1:17: LIMITS: write a map of settings here, one \"KEY: value\" a line\n"},
    {"BERTH: {LOG: json}\n",
     "c.yaml:1:14: LOG: write a map of settings here, one \"KEY: value\" a line\n"},
    {"BERTH: {LOG: {LEVEL: warn}}\n",
     "c.yaml:1:22: LEVEL: warn is not known here: write debug, info, warning or error\n"},
    {"BERTH: {APP: My App}\n",
     "c.yaml:1:14: APP: My App is no name for an app: write 1 to 64 small letters, digits, '-', "
     "'_' or '.', with a letter or digit first\n"},
    {"BERTH: {APP: -a}\n", "c.yaml:1:14: APP: -a is no name for an app: write 1 to 64 small "
                           "letters, digits, '-', '_' or '.', with a letter or digit first\n"},
    {"BERTH: {APP: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}\n",
     "c.yaml:1:14: APP: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa is no name "
     "for an app: write 1 to 64 small letters, digits, '-', '_' or '.', with a letter or digit "
     "first\n"},
    {"BERTH: {APP: ''}\n",
     "c.yaml:1:14: APP: there is no value: write one, or leave the setting out\n"},
    {"BERTH: {ROUTES: echo}\n",
     "c.yaml:1:17: ROUTES: write a map of paths to backends here, such as {/client-ws: echo}\n"},
    {"BERTH: {ROUTES: {/client-ws: ecko}}\n",
     "c.yaml:1:30: /client-ws: ecko is no backend: did you mean echo?\n"},
    {"BERTH: {ROUTES: {/client-ws: node}}\n",
     "c.yaml:1:30: /client-ws: node is no backend: write echo, hub or demo\n"},
    {"BERTH: {ROUTES: {/client-ws: hub drop-newest}}\n",
     "c.yaml:1:30: /client-ws: drop-newest is no way with slow readers: did you mean "
     "drop-oldest?\n"},
    {"BERTH: {ROUTES: {/client-ws: hub twice}}\n",
     "c.yaml:1:30: /client-ws: twice is no way with slow readers: write close, drop-oldest or "
     "pause-writer\n"},
    {"BERTH: {ROUTES: {/a: hub, /b: hub close, /c: hub drop-oldest, /d: hub pause-writer}}\n", ""},
    {"BERTH: {ROUTES: {client-ws: echo}}\n",
     "c.yaml:1:18: client-ws: a route begins with a slash: write /client-ws\n"},
    {"BERTH: {ROUTES: {/a?b: echo}}\n",
     "c.yaml:1:18: /a?b: a route is a path alone: leave out what stands from ? or # on\n"},
    {"BERTH: {ROUTES: {/a//b: echo}}\n",
     "c.yaml:1:18: /a//b: a route has no empty, \".\" or \"..\" part\n"},
    {"BERTH: {ROUTES: {/../x: echo}}\n",
     "c.yaml:1:18: /../x: a route has no empty, \".\" or \"..\" part\n"},
    {"BERTH: {ROUTES: {/health: echo}}\n",
     "c.yaml:1:18: /health: the server answers here itself: choose another path\n"},
    {"BERTH: {ROUTES: {/: echo}}\n",
     "c.yaml:1:18: /: the server answers here itself: choose another path\n"},
    {"BERTH: {ROUTES: {/static/ws: echo}}\n",
     "c.yaml:1:18: /static/ws: the server answers here itself: choose another path\n"},
    {"BERTH: {ROUTES: {/berth: hub}}\n",
     "c.yaml:1:18: /berth: the server answers here itself: choose another path\n"},
    {"BERTH: {ROUTES: {/a b: hub}}\n",
     "c.yaml:1:18: /a b: a route is made of letters, digits, '/', '-', '.', '_' and '~'\n"},
    {"BERTH: {ROUTES: {/a: hub, /a: echo}}\n",
     "c.yaml:1:27: /a: this route stands here twice: leave one out\n"},
    {"BERTH: {ROUTES: {/a: }}\n",
     "c.yaml:1:22: /a: there is no value: write one, or leave the setting out\n"},
    {"BERTH: {ROUTES: {/a: [echo]}}\n", "c.yaml:1:22: /a: here is a list: write one value\n"},
    {"BERTH: {ROUTES: {[a]: echo}}\n",
     "c.yaml:1:18: ROUTES: a route is a path: write /client-ws\n"},
    {"BERTH: {ROUTES: "
     "{/"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: echo}}\n",
     "c.yaml:1:18: /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xe2\x80\xa6: the "
     "path is too long: 128 characters are allowed\n"},
    {"BERTH: {ALLOWED_ORIGINS: {a: b}}\n", "c.yaml:1:26: ALLOWED_ORIGINS: here is a map of keys: "
                                           "write a list, such as [\"https://example.org\"]\n"},
    {"BERTH: {ALLOWED_ORIGINS: example.org}\n",
     "c.yaml:1:26: ALLOWED_ORIGINS: example.org: this is no origin: write scheme://host or "
     "scheme://host:port, such as https://example.org\n"},
    {"BERTH: {ALLOWED_ORIGINS: ['https://a.org/', 'https://a.org/x']}\n",
     "c.yaml:1:27: ALLOWED_ORIGINS: https://a.org/: an origin has no path: leave out what stands "
     "from the slash on\nc.yaml:1:45: ALLOWED_ORIGINS: https://a.org/x: an origin has no path: "
     "leave out what stands from the slash on\n"},
    {"BERTH: {ALLOWED_ORIGINS: 'https://A.org'}\n",
     "c.yaml:1:26: ALLOWED_ORIGINS: https://A.org: browsers send origins in small letters: write "
     "it so\n"},
    {"BERTH: {ALLOWED_ORIGINS: 'https://*.a.org'}\n",
     "c.yaml:1:26: ALLOWED_ORIGINS: https://*.a.org: a pattern matches nothing here: write each "
     "origin out, or \"*\" alone for all\n"},
    {"BERTH: {ALLOWED_ORIGINS: 'https://a.org:443'}\n",
     "c.yaml:1:26: ALLOWED_ORIGINS: https://a.org:443: browsers leave out the usual port, so this "
     "matches nothing: leave it out too\n"},
    {"BERTH: {ALLOWED_ORIGINS: 'http://a.org:80'}\n",
     "c.yaml:1:26: ALLOWED_ORIGINS: http://a.org:80: browsers leave out the usual port, so this "
     "matches nothing: leave it out too\n"},
    {"BERTH: {ALLOWED_ORIGINS: 'https://a.org:x'}\n",
     "c.yaml:1:26: ALLOWED_ORIGINS: https://a.org:x: what stands behind the colon is no port\n"},
    {"BERTH: {ALLOWED_ORIGINS: 'https://'}\n",
     "c.yaml:1:26: ALLOWED_ORIGINS: https://: the host is missing: write scheme://host\n"},
    {"BERTH: {ALLOWED_ORIGINS: 'HTTPS://a.org'}\n",
     "c.yaml:1:26: ALLOWED_ORIGINS: HTTPS://a.org: the scheme is not one: write http, https or "
     "your app's own, in small letters\n"},
    {"BERTH: {ALLOWED_ORIGINS: [[a]]}\n",
     "c.yaml:1:27: ALLOWED_ORIGINS: here is a list: write one value\n"},
    {"BERTH: {ALLOWED_ORIGINS: ['']}\n",
     "c.yaml:1:27: ALLOWED_ORIGINS: there is no value: write one, or leave the setting out\n"},
    {"BERTH: {ALLOWED_ORIGINS: 'https://me@a.org'}\n",
     "c.yaml:1:26: ALLOWED_ORIGINS: https://me@a.org: this is no host: write scheme://host or "
     "scheme://host:port, a name that is not ASCII as xn--\xe2\x80\xa6\n"},
    {"BERTH: {STATIC: nowhere}\n", "c.yaml:1:17: STATIC: /srv/My App/nowhere: there is no such "
                                   "folder: make it, or name another\n"},
    {"BERTH: {STATIC: ~/web}\n", "c.yaml:1:17: STATIC: ~ is a shell's word for the home folder and "
                                 "means nothing here: write ${HOME} or the whole path\n"},
    {"BERTH: {STATIC: [a]}\n", "c.yaml:1:17: STATIC: here is a list: write one value\n"},
    {"BERTH: {PORT_FILE: ~/port}\n",
     "c.yaml:1:20: PORT_FILE: ~ is a shell's word for the home folder and means nothing here: "
     "write ${HOME} or the whole path\n"},
    {"SERVER_PORT: ${NO_SUCH}\n", "c.yaml:1:14: SERVER_PORT: the environment variable NO_SUCH is "
                                  "not set: set it, or write ${NO_SUCH:-default}\n"},
    {"SERVER_PORT: ${EMPTY}\n", "c.yaml:1:14: SERVER_PORT: the environment variable EMPTY is "
                                "empty: set it, or write ${EMPTY:-default}\n"},
    {"SERVER_PORT: ${MY_PORT\n",
     "c.yaml:1:14: SERVER_PORT: ${ has no closing }: write ${NAME}, or $$ for a dollar sign\n"},
    {"SERVER_PORT: ${MY-PORT}\n",
     "c.yaml:1:14: SERVER_PORT: ${MY-PORT} names no environment variable: write ${NAME} or "
     "${NAME:-default}, or $$ for a dollar sign\n"},
    {"SERVER_PORT: ${}\n", "c.yaml:1:14: SERVER_PORT: ${} names no environment variable: write "
                           "${NAME} or ${NAME:-default}, or $$ for a dollar sign\n"},
    {"SERVER_PORT: ${NESTED}\n", "c.yaml:1:14: SERVER_PORT: ${MY_PORT} is not a whole number: "
                                 "write digits only, such as 1018\n"},
    {"SERVER_PORT: $MY_PORT\n",
     "c.yaml:1:14: SERVER_PORT: $MY_PORT is not a whole number: write digits only, such as 1018\n"},
    {"SERVER_PORT: 1\n\tHOST: ::1\n",
     "c.yaml:2:1: this is not YAML: found a tab character that violates indentation (while "
     "scanning a plain scalar from 1:14 on): indent with spaces, as YAML allows no tabs there\n"},
    {"\tSERVER_PORT: 1\n",
     "c.yaml:1:1: this is not YAML: found character that cannot start any token (while scanning "
     "for the next token from 1:1 on): indent with spaces, as YAML allows no tabs there\n"},
    {"SERVER_PORT: [1, 2\nHOST: x\n",
     "c.yaml:2:5: this is not YAML: did not find expected ',' or ']' (while parsing a flow "
     "sequence from 1:14 on): look at this line and the one before it for a missing colon, quote "
     "or bracket, or a wrong indent\n"},
    {"BERTH: {APP: \"x\n", "c.yaml:2:1: this is not YAML: found unexpected end of stream (while "
                           "scanning a quoted scalar from 1:14 on): look at this line and the one "
                           "before it for a missing colon, quote or bracket, or a wrong indent\n"},
    {"a: b: c\n", "c.yaml:1:5: this is not YAML: mapping values are not allowed in this context: "
                  "put a value that holds a colon into quotes\n"},
    {"HOST: *nobody\n", "c.yaml:1:7: this is not YAML: found undefined alias: put a value that "
                        "begins with * into quotes\n"},
    {"SERVER_PORT: 1018\n--- \nHOST: ::1\n",
     "c.yaml:2:1: a second document begins here: keep the settings in one, without a line of three "
     "dashes between them\n"},
    {"---\na: 1\n---\nb: 1\n", "c.yaml:3:1: a second document begins here: keep the settings in "
                               "one, without a line of three dashes between them\n"},
    {"a: 1\n...\n%BAD\n", "c.yaml:3:5: this is not YAML: found unknown directive name (while "
                          "scanning a directive from 3:1 on): look at this line and the one before "
                          "it for a missing colon, quote or bracket, or a wrong indent\n"},
    {"HOST: \xff\n", "c.yaml:1:7: this is not text in UTF-8 (invalid leading UTF-8 octet): save "
                     "the file as UTF-8\n"},
    {"a: 1\nHOST: \xc3(\n", "c.yaml:2:8: this is not text in UTF-8 (invalid trailing UTF-8 octet): "
                            "save the file as UTF-8\n"},
    {"HOST: a\x07"
     "b\n",
     "c.yaml:1:8: here is a control character, which YAML does not allow: take it out\n"},
    {"HOST: name\nSERVER_PORT: x\nBERTH:\n  APP: A\n  LOG:\n    LEVEL: x\n",
     "c.yaml:1:7: HOST: name is no IP address: a name can stand for another machine tomorrow: "
     "write 127.0.0.1 for this machine alone, or 0.0.0.0 for every network of it\nc.yaml:2:14: "
     "SERVER_PORT: x is not a whole number: write digits only, such as 1018\nc.yaml:4:8: APP: A is "
     "no name for an app: write 1 to 64 small letters, digits, '-', '_' or '.', with a letter or "
     "digit first\nc.yaml:6:12: LEVEL: x is not known here: write debug, info, warning or error\n"},
    {"\xef\xbb\xbfSERVER_PORT: x\n",
     "c.yaml:1:14: SERVER_PORT: x is not a whole number: write digits only, such as 1018\n"},
    {"\xc3\xbc"
     "bergr\xc3\xb6\xc3\x9f"
     "e: 1\nBERTH: {\xc3\xa4: 1}\n",
     "c.yaml:2:9: \xc3\xa4: BERTH has no such key: it has APP, STATIC, PORT_FILE, PORT_TRIES, "
     "FALLBACK, STICKY, INSTANCE, STATE_DIR, ROUTES, ALLOWED_ORIGINS, AUTH, COMPRESSION, "
     "COMPRESSION_MIN, THREADS, SPIN_US, LOG, "
     "LIMITS\n"},
    {"SERVER_PORT: x\r\nHOST: y\r\n",
     "c.yaml:1:14: SERVER_PORT: x is not a whole number: write digits only, such as "
     "1018\nc.yaml:2:7: HOST: y is no IP address: a name can stand for another machine tomorrow: "
     "write 127.0.0.1 for this machine alone, or 0.0.0.0 for every network of it\n"},
    {"SEVER_PORT: 3\n", "warning: c.yaml:1:1: SEVER_PORT: did you mean SERVER_PORT?\n"},
    {"server_port: 1\n", "warning: c.yaml:1:1: server_port: did you mean SERVER_PORT?\n"},
    {"a: 1\nHOTS: x\n", "warning: c.yaml:2:1: HOTS: did you mean HOST?\n"},
    {"berth: {}\n", "warning: c.yaml:1:1: berth: did you mean BERTH?\n"},
    {"WEBSOCKETPORT: 1\n", "warning: c.yaml:1:1: WEBSOCKETPORT: did you mean WEBSOCKET_PORT?\n"},
    {"WEBSOCKET_PORT: 1019\nSERVER_PORT: 1018\n",
     "warning: c.yaml:1:17: WEBSOCKET_PORT: there is one port for pages and WebSockets: "
     "SERVER_PORT, 1018, is used, and 1019 is not: make the two the same\n"},
    {"HOST: 0.0.0.0\n",
     "warning: c.yaml:1:7: HOST: 0.0.0.0 is open to other machines, and they are refused: they can "
     "read /health and nothing else. This version has no tokens yet; to let in everybody who "
     "reaches the port, set AUTH: none under BERTH:\n"},
    {"HOST: '::'\n",
     "warning: c.yaml:1:7: HOST: :: is open to other machines, and they are refused: they can read "
     "/health and nothing else. This version has no tokens yet; to let in everybody who reaches "
     "the port, set AUTH: none under BERTH:\n"},
    {"HOST: 192.168.1.7\n",
     "warning: c.yaml:1:7: HOST: 192.168.1.7 is open to other machines, and they are refused: they "
     "can read /health and nothing else. This version has no tokens yet; to let in everybody who "
     "reaches the port, set AUTH: none under BERTH:\n"},
    {"BERTH: {ALLOWED_ORIGINS: '*'}\n",
     "warning: c.yaml:1:26: ALLOWED_ORIGINS: * lets any web page that a browser on this machine "
     "opens talk to this server: name the origins that need it\n"},
    {"base: &b {SERVER_PORT: 5}\n<<: *b\n",
     "warning: c.yaml:1:11: SERVER_PORT: merged in with <<, which is not followed for this key: "
     "write it at the top level\n"},
    {"b: &b {HOST: x}\nc: &c {y: 1}\n<<: [*c, *b]\n",
     "warning: c.yaml:1:8: HOST: merged in with <<, which is not followed for this key: write it "
     "at the top level\n"},
};

static void read_example(const char *yaml, size_t size, struct berth_config *config) {
    berth_config_init(config, &context);
    config->path = "c.yaml";
    config->folder = berth_strndup("/srv/My App", 11);
    assert_non_null(config->folder);
    assert_int_equal(berth_config_read_yaml(config, (struct berth_view){yaml, size}), 0);
    assert_int_equal(berth_config_settle(config), 0);
}

static struct berth_view messages_of(const struct berth_config *config, struct berth_writer *out) {
    for (size_t i = 0; i < config->message_count; i++)
        berth_writer_format(out, "%s%s\n",
                            config->messages[i].level == BERTH_LOG_ERROR ? "" : "warning: ",
                            config->messages[i].text);
    assert_false(out->overflow);
    return berth_writer_result(out);
}

static void test_messages(void **state) {
    (void)state;
    static struct berth_config config;
    static char memory[65536];
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct berth_writer out = berth_writer_on(memory, sizeof memory - 1);
        read_example(examples[i].yaml, strlen(examples[i].yaml), &config);
        struct berth_view said = messages_of(&config, &out);
        memory[said.size] = '\0';
        assert_string_equal(memory, examples[i].messages);
        berth_config_finish(&config);
    }
}

static void expect_only(const char *yaml, size_t size, const char *message) {
    static struct berth_config config;
    static char memory[65536];
    struct berth_writer out = berth_writer_on(memory, sizeof memory - 1);
    read_example(yaml, size, &config);
    memory[messages_of(&config, &out).size] = '\0';
    assert_string_equal(memory, message);
    berth_config_finish(&config);
}

static void test_nul_byte(void **state) {
    (void)state;
    static const char yaml[] = "HOST: a\0b\n";
    expect_only(yaml, sizeof yaml - 1,
                "c.yaml:1:8: here is a control character, which YAML does not allow: take it "
                "out\n");
    static const char escaped[] = "BERTH: {ROUTES: {/a: \"echo\\0\"}}\n";
    expect_only(escaped, sizeof escaped - 1,
                "c.yaml:1:22: /a: the value holds a line end or another control character: write "
                "it on one line\n");
}

static void test_utf16_is_read(void **state) {
    (void)state;
    static const char yaml[] = "\xff\xfeH\0O\0S\0T\0:\0 \0x\0";
    static struct berth_config config;
    read_example(yaml, sizeof yaml - 1, &config);
    assert_int_equal(config.error_count, 1);
    assert_int_equal(config.messages[0].place.column, 7);
    berth_config_finish(&config);
}

/* A thousand errors: the first twenty are kept, and reading ends there. */
static void test_errors_are_bounded(void **state) {
    (void)state;
    static struct berth_config config;
    static char yaml[32768];
    struct berth_writer out = berth_writer_on(yaml, sizeof yaml);
    berth_writer_text(&out, "BERTH:\n");
    for (int i = 0; i < 1000; i++)
        berth_writer_format(&out, "  WRONG_%d: x\n", i);
    assert_false(out.overflow);
    read_example(yaml, out.size, &config);
    assert_int_equal(config.error_count, BERTH_CONFIG_MESSAGES_MAX);
    assert_int_equal(config.message_count, BERTH_CONFIG_MESSAGES_MAX);
    assert_int_equal(config.messages[19].place.line, 21);
    berth_config_finish(&config);
}

/* Warnings never take the room of errors. */
static void test_warnings_leave_room(void **state) {
    (void)state;
    static struct berth_config config;
    static char yaml[8192];
    struct berth_writer out = berth_writer_on(yaml, sizeof yaml);
    for (int i = 0; i < 100; i++)
        berth_writer_text(&out, "SEVER_PORT: x\n");
    berth_writer_text(&out, "HOST: y\n");
    read_example(yaml, out.size, &config);
    assert_int_equal(config.warning_count, 100);
    assert_int_equal(config.error_count, 1);
    assert_int_equal(config.message_count, BERTH_CONFIG_MESSAGES_MAX + 1);
    berth_config_finish(&config);
}

/* Nested aliases that stand for 10^9 words, and nesting 100,000 deep: read or refused, quickly. */
static void test_bombs(void **state) {
    (void)state;
    static struct berth_config config;
    static char yaml[131072];
    struct berth_writer out = berth_writer_on(yaml, sizeof yaml);
    berth_writer_text(&out, "a: &a [x,x,x,x,x,x,x,x,x,x]\n");
    for (char c = 'b'; c < 'k'; c++)
        for (int i = 0; i <= 11; i++)
            berth_writer_format(&out,
                                i == 0   ? "%c: &%c ["
                                : i < 11 ? "*%c,"
                                         : "]\n",
                                i == 0 ? c : c - 1, c);
    berth_writer_text(&out, "BERTH: *j\nHOST: *j\n");
    read_example(yaml, out.size, &config);
    assert_int_equal(config.error_count, 2);
    berth_config_finish(&config);

    memset(yaml, '[', 100000);
    read_example(yaml, 100000, &config);
    assert_string_equal(config.messages[0].text,
                        "c.yaml:1:101: lists and maps are nested more than 100 deep here: is this "
                        "the right file?");
    berth_config_finish(&config);
}

static void test_too_many_anchors(void **state) {
    (void)state;
    static struct berth_config config;
    static char yaml[32768];
    for (int count = 1000; count <= 1001; count++) {
        struct berth_writer out = berth_writer_on(yaml, sizeof yaml);
        for (int i = 0; i < count; i++)
            berth_writer_format(&out, "- &a%d x\n", i);
        read_example(yaml, out.size, &config);
        bool refused = strstr(config.messages[0].text, "more than 1000 anchors") != NULL;
        assert_int_equal(refused, count > 1000); /* else that it is a list */
        berth_config_finish(&config);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_nul_byte),
        cmocka_unit_test(test_utf16_is_read),
        cmocka_unit_test(test_errors_are_bounded),
        cmocka_unit_test(test_warnings_leave_room),
        cmocka_unit_test(test_bombs),
        cmocka_unit_test(test_too_many_anchors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
