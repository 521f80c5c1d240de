#include "cli/doctor_codes.h"

const struct berth_doctor_code berth_doctor_codes[BERTH_DOCTOR_CODES] = {
    [BERTH_DOCTOR_CONFIGURATION] =
        {.name = "configuration",
         .severity = BERTH_DOCTOR_OK,
         .title = "The configuration is read as serve would read it",
         .means = "The file, the environment and the flags give a configuration that serve takes "
                  "as it is.",
         .cause = "The doctor reads what `berth serve` would read with the same flags and "
                  "variables.",
         .remedy = "Nothing. `berth check` shows every value with its source."},
    [BERTH_DOCTOR_CONFIG_MISSING] =
        {.name = "config-missing",
         .severity = BERTH_DOCTOR_NOTE,
         .title = "There is no configuration file",
         .means = "The defaults are in effect: port 1018, thirteen tries, and the folder's name "
                  "as the app's.",
         .cause = "Neither a file was named, nor is there a conf.yaml in the current folder.",
         .remedy = "Run it in the app's folder, or name the file: `berth doctor "
                   "path/to/conf.yaml`. Without a file all is well too, when the defaults suit."},
    [BERTH_DOCTOR_CONFIG_INVALID] =
        {.name = "config-invalid",
         .severity = BERTH_DOCTOR_ERROR,
         .title = "The configuration has an error",
         .means = "`berth serve` refuses to start with it, so there is no server for a frontend "
                  "to find.",
         .cause = "A value is not of its kind, a key under BERTH is not known, or the YAML is "
                  "broken. The message names the file, the line and the column.",
         .remedy = "Mend what the message names. `berth check` shows the whole configuration and "
                   "every message."},
    [BERTH_DOCTOR_CONFIG_WARNING] =
        {.name = "config-warning",
         .severity = BERTH_DOCTOR_WARNING,
         .title = "The configuration has something that is probably not meant",
         .means = "The server starts, but a value does something else than it seems to say.",
         .cause = "A combination of values that is allowed and seldom wanted. The message says "
                  "which.",
         .remedy = "Do what the message says. `berth check` shows the values in effect."},
    [BERTH_DOCTOR_CONFIG_NEAR_MISS] =
        {.name = "config-near-miss",
         .severity = BERTH_DOCTOR_WARNING,
         .title = "A name looks like a misspelt setting",
         .means = "The value is not used: the setting has its default, or what another source "
                  "says.",
         .cause = "The file's top level and the environment are shared with the app, so unknown "
                  "names are left alone there. This one is a slip of the keyboard away from one "
                  "of ours.",
         .remedy = "Correct the name, or leave it when it is really the app's own."},
    [BERTH_DOCTOR_CONFIG_PORTS_DIFFER] =
        {.name = "config-ports-differ",
         .severity = BERTH_DOCTOR_WARNING,
         .title = "SERVER_PORT and WEBSOCKET_PORT differ",
         .means = "There is one port for pages and WebSockets: SERVER_PORT. A frontend that reads "
                  "WEBSOCKET_PORT from the file looks where no server is.",
         .cause = "The two keys are from a time when they were two servers, and only one of them "
                  "was changed since.",
         .remedy = "Make the two the same, or delete WEBSOCKET_PORT."},
    [BERTH_DOCTOR_SERVER] =
        {.name = "server",
         .severity = BERTH_DOCTOR_OK,
         .title = "The app's server answers and is the right one",
         .means = "A server of this app is ready, and where its key is known it has proved that "
                  "it holds it.",
         .cause = "The doctor asked every port of the range, of the port file and of the records "
                  "for /health with a challenge, all at once.",
         .remedy = "Nothing."},
    [BERTH_DOCTOR_SERVER_ABSENT] =
        {.name = "server-absent",
         .severity = BERTH_DOCTOR_WARNING,
         .title = "No server of this app runs",
         .means = "A frontend that looks now finds nobody. What follows says whether a server "
                  "could start, and what earlier runs have left.",
         .cause = "It was not started, it has ended, or it runs under another app's name, in "
                  "another container or for another user.",
         .remedy = "Start it: `berth serve`. When it runs and is not found, compare the app's "
                   "name (`--app`), and look at `berth list`."},
    [BERTH_DOCTOR_SERVER_STARTING] =
        {.name = "server-starting",
         .severity = BERTH_DOCTOR_WARNING,
         .title = "The server is starting",
         .means = "It listens, and answers 503 until what stands behind it is ready. Frontends "
                  "that know Berth wait for it; others fail.",
         .cause = "The backend needs time: a model is loaded, a migration runs. Or it hangs.",
         .remedy = "Wait, and ask again. When it stays so, look into the server's log."},
    [BERTH_DOCTOR_SERVER_DRAINING] =
        {.name = "server-draining",
         .severity = BERTH_DOCTOR_WARNING,
         .title = "The server is ending",
         .means = "It takes no new work and closes its connections; soon it is gone.",
         .cause = "It was told to end (SIGTERM, SIGINT), or it has found that a newer instance "
                  "took its place.",
         .remedy = "Wait until it is gone and start it again, or let frontends go to the newer "
                   "instance."},
    [BERTH_DOCTOR_SERVER_UNPROVED] =
        {.name = "server-unproved",
         .severity = BERTH_DOCTOR_ERROR,
         .title = "Somebody says the app's name and does not hold its key",
         .means = "Frontends that know the key refuse this server. No secret was shown to it.",
         .cause = "It is a program that copies our answers, a server of another user or of "
                  "another state folder, or a forwarder that stands between. Or the identity was "
                  "deleted and made anew while a server kept the old one.",
         .remedy = "Look who holds the port. When it is your own: restart it, so that it has the "
                   "key in the state folder. When it is not: end it, or leave it, since frontends "
                   "pass it by."},
    [BERTH_DOCTOR_SERVER_WITHOUT_KEY] =
        {.name = "server-without-key",
         .severity = BERTH_DOCTOR_WARNING,
         .title = "The server cannot prove who it is",
         .means = "Only its name speaks for it. A frontend that knows no better takes it; another "
                  "program could say the same.",
         .cause = "It is an older version that has no proof, or its state folder could not be "
                  "written, so that it has no key.",
         .remedy = "Restart it with this version. When it stays so: make its state folder "
                   "writable, see STATE_DIR in `berth check`."},
    [BERTH_DOCTOR_IDENTITY_UNUSABLE] =
        {.name = "identity-unusable",
         .severity = BERTH_DOCTOR_ERROR,
         .title = "The app's identity cannot be used",
         .means = "A server that starts now cannot prove who it is, and frontends that see this "
                  "file take no server without a proof.",
         .cause = "The file was emptied or cut short, by a full disk or a tool that writes over "
                  "what it finds; or it is another user's, a symlink, or open to others. It is "
                  "never replaced by itself: who has the old key is to learn of the new one.",
         .remedy = "Make it a file of your own that only you can read (chmod 600). When it is no "
                   "key any more: put it back from a backup, or remove it and restart the server, "
                   "which makes another; give that to frontends that were told the old one."},
    [BERTH_DOCTOR_SERVER_OLDER] =
        {.name = "server-older",
         .severity = BERTH_DOCTOR_WARNING,
         .title = "An older version of the server runs",
         .means = "The frontend may speak with a server that lacks what it needs, and the newer "
                  "one has moved to another port or has not started.",
         .cause = "A process of before the update was never ended; often its window is gone and "
                  "it lives on.",
         .remedy = "End the old one by its pid, then start the new one. `berth list` shows both."},
    [BERTH_DOCTOR_SERVER_NEWER] =
        {.name = "server-newer",
         .severity = BERTH_DOCTOR_NOTE,
         .title = "A newer version of the server runs",
         .means = "This `berth` is older than the server it found. What this one says may be "
                  "incomplete.",
         .cause = "There are two installations, and the older one comes first in PATH.",
         .remedy = "Use the newer program: `command -v -a berth` shows both."},
    [BERTH_DOCTOR_SERVER_FORWARDED] =
        {.name = "server-forwarded",
         .severity = BERTH_DOCTOR_WARNING,
         .title = "The server says another port than the one asked",
         .means = "Something stands between: a frontend reaches the server here, but the URLs "
                  "that the server gives out lead elsewhere, and its proof does not hold for this "
                  "port.",
         .cause = "A port is forwarded by a container, a virtual machine, an SSH tunnel or a "
                  "debugging proxy.",
         .remedy = "Publish under the same number on both sides (`-p 1018:1018`), or tell the "
                   "frontend the URL that works for it (BERTH_URL)."},
    [BERTH_DOCTOR_SERVER_SEVERAL] =
        {.name = "server-several",
         .severity = BERTH_DOCTOR_NOTE,
         .title = "More than one server of this app runs",
         .means = "Each frontend finds one of them, and not always the same one.",
         .cause = "It was started twice, or an orphan of an earlier run lives on. With INSTANCE: "
                  "many this is meant.",
         .remedy = "When one is enough: end the others by their pid, and set INSTANCE: single "
                   "under BERTH."},
    [BERTH_DOCTOR_PORT_FILE] =
        {.name = "port-file",
         .severity = BERTH_DOCTOR_OK,
         .title = "The port file is right",
         .means = "What it says and what answers there fit together. Without a server, there is "
                  "rightly no file.",
         .cause = "The server writes the file in one step when it listens, and takes it away when "
                  "it ends.",
         .remedy = "Nothing."},
    [BERTH_DOCTOR_PORT_FILE_MISSING] =
        {.name = "port-file-missing",
         .severity = BERTH_DOCTOR_WARNING,
         .title = "There is no port file although the server runs",
         .means = "Frontends that read the file look through the range instead: slower, and not "
                  "when the port lies outside 1018-1030.",
         .cause = "Somebody deleted it, a clean-up of the repository did, the server could not "
                  "write it, or it writes another one: PORT_FILE is not the same for both.",
         .remedy = "Restart the server. When it is missing again: look for \"port file\" in its "
                   "log, and compare PORT_FILE in `berth check`."},
    [BERTH_DOCTOR_PORT_FILE_STALE] =
        {.name = "port-file-stale",
         .severity = BERTH_DOCTOR_ERROR,
         .title = "The port file names a port where nobody listens",
         .means = "A frontend that believes the file connects to nothing, and says that the "
                  "handshake failed.",
         .cause = "The server was killed (SIGKILL, out of memory, power) and could not take the "
                  "file away, or the file was copied or committed from elsewhere.",
         .remedy = "Start the server: it replaces the file. Or delete the file. It does not "
                   "belong into version control."},
    [BERTH_DOCTOR_PORT_FILE_SILENT] =
        {.name = "port-file-silent",
         .severity = BERTH_DOCTOR_ERROR,
         .title = "The port file names a port that does not answer",
         .means = "A connection is accepted or hangs, and no answer comes. A frontend without a "
                  "time limit waits for ever.",
         .cause = "The server is stopped (SIGSTOP, a debugger) or busy in a loop; or it died, and "
                  "another program that is silent has its port; or a packet filter swallows the "
                  "connection.",
         .remedy = "Look who holds the port. A stopped one goes on with `kill -CONT PID`; a "
                   "hanging one has to be ended and started again."},
    [BERTH_DOCTOR_PORT_FILE_STRANGER] =
        {.name = "port-file-stranger",
         .severity = BERTH_DOCTOR_ERROR,
         .title = "The port file names a port of another program",
         .means = "A frontend that believes the file talks to a program that is not ours.",
         .cause = "The server died without taking the file away, and the port went to somebody "
                  "else since.",
         .remedy = "Start the server: it has another port, and replaces the file. Or delete the "
                   "file."},
    [BERTH_DOCTOR_PORT_FILE_OTHER_APP] =
        {.name = "port-file-other-app",
         .severity = BERTH_DOCTOR_ERROR,
         .title = "The port file names a port of another app's Berth",
         .means = "A frontend that believes the file and does not check the app's name talks to "
                  "another app's server.",
         .cause = "Two apps share one folder or one PORT_FILE, or the server died and another app "
                  "has its port now.",
         .remedy = "Give each app its own PORT_FILE. When the file is only old: start the server, "
                   "or delete the file."},
    [BERTH_DOCTOR_PORT_FILE_UNREADABLE] =
        {.name = "port-file-unreadable",
         .severity = BERTH_DOCTOR_ERROR,
         .title = "The port file cannot be read",
         .means = "Frontends of this user cannot read it either.",
         .cause = "It belongs to another user or is closed by its mode (the server was once "
                  "started as root), it is a folder, or the disk fails.",
         .remedy = "Give it back: `chown`, `chmod 644`, or delete it and start the server as "
                   "yourself."},
    [BERTH_DOCTOR_PORT_FILE_GARBAGE] =
        {.name = "port-file-garbage",
         .severity = BERTH_DOCTOR_ERROR,
         .title = "The port file holds something that is no port",
         .means = "A frontend reads a number from it that is none, or half of one.",
         .cause = "Another program writes it, and not in one step; it was edited by hand; or it "
                  "is empty because the disk was full.",
         .remedy = "Delete it and start the server. When another program writes a file of that "
                   "name, give Berth its own: PORT_FILE."},
    [BERTH_DOCTOR_PORT_FILE_UNWRITABLE] =
        {.name = "port-file-unwritable",
         .severity = BERTH_DOCTOR_WARNING,
         .title = "The port file cannot be written there",
         .means = "The server starts and serves, but cannot tell frontends its port through the "
                  "file.",
         .cause = "The folder belongs to another user or is read-only: an installed app, a "
                  "container, a mounted image.",
         .remedy = "Let PORT_FILE name a place that is writable, or make the folder so."},
    [BERTH_DOCTOR_RECORDS] =
        {.name = "records",
         .severity = BERTH_DOCTOR_OK,
         .title = "The endpoint records are in order",
         .means = "Every running server of this app has its record, for this user alone, with its "
                  "lock held.",
         .cause = "The doctor read the app's folder of the runtime folder.",
         .remedy = "Nothing."},
    [BERTH_DOCTOR_RECORD_MISSING] =
        {.name = "record-missing",
         .severity = BERTH_DOCTOR_WARNING,
         .title = "The server runs and has no record",
         .means = "Native clients cannot prove it from the record, have no token from it, and "
                  "`berth list` does not show it.",
         .cause = "The runtime folder was cleared (a logout does that), it cannot be written, or "
                  "XDG_RUNTIME_DIR is not the same for the server and for you: sudo, cron and "
                  "containers change it.",
         .remedy = "Start both with the same XDG_RUNTIME_DIR, or restart the server."},
    [BERTH_DOCTOR_RECORD_DEAD] =
        {.name = "record-dead",
         .severity = BERTH_DOCTOR_NOTE,
         .title = "A record of a server that is gone",
         .means = "Clients pass it by, since its lock is free; it does no harm.",
         .cause = "The process was killed and could not take its record away.",
         .remedy = "Nothing: the next start removes it."},
    [BERTH_DOCTOR_RECORD_FOREIGN] =
        {.name = "record-foreign",
         .severity = BERTH_DOCTOR_ERROR,
         .title = "A record belongs to another user",
         .means = "It is not believed: whoever wrote it could lead your frontends to a server of "
                  "theirs.",
         .cause = "The server ran as root or through sudo, or another user made a folder of that "
                  "name before you.",
         .remedy = "Remove it (as root, if need be), and start the server as yourself."},
    [BERTH_DOCTOR_RECORD_MODE] =
        {.name = "record-mode",
         .severity = BERTH_DOCTOR_ERROR,
         .title = "A record is open to others",
         .means = "It holds the token, and is not believed as long as others may read or write "
                  "it.",
         .cause = "Somebody changed its mode, or copied it there.",
         .remedy = "`chmod 600` the file, or delete it and restart the server, which then has a "
                   "new token."},
    [BERTH_DOCTOR_RECORD_GARBAGE] =
        {.name = "record-garbage",
         .severity = BERTH_DOCTOR_WARNING,
         .title = "A record cannot be understood",
         .means = "Clients pass it by; the server it speaks of has to be found in another way.",
         .cause = "It was edited or cut short, or a much newer version wrote it.",
         .remedy = "Restart the server: it writes its record anew."},
    [BERTH_DOCTOR_RECORD_UNREACHABLE] =
        {.name = "record-unreachable",
         .severity = BERTH_DOCTOR_ERROR,
         .title = "A server lives and does not answer",
         .means = "Its record's lock is held, so the process is there; at its port nobody answers "
                  "as it.",
         .cause = "It is stopped or hangs, a packet filter is in the way, or it lives in another "
                  "network namespace (a container) than you.",
         .remedy = "Look at the process that the record names. A stopped one goes on with `kill "
                   "-CONT PID`; a hanging one has to be ended."},
    [BERTH_DOCTOR_RECORD_FOLDER] =
        {.name = "record-folder",
         .severity = BERTH_DOCTOR_ERROR,
         .title = "The folder of the records is not yours alone",
         .means = "No record in it is believed, and a server cannot publish one.",
         .cause = "It belongs to another user, is a symbolic link, or others may look into it. "
                  "Somebody may have made it before you: under /tmp everybody can.",
         .remedy = "Remove it, or let XDG_RUNTIME_DIR name a folder of your own, mode 0700."},
    [BERTH_DOCTOR_PORTS] =
        {.name = "ports",
         .severity = BERTH_DOCTOR_OK,
         .title = "The range has room",
         .means = "Of the ports that are tried at least one is ours or free.",
         .cause = "Each port of the range was asked at once, in both families, and the system was "
                  "asked who holds it.",
         .remedy = "Nothing."},
    [BERTH_DOCTOR_PORT_STRANGER] =
        {.name = "port-stranger",
         .severity = BERTH_DOCTOR_NOTE,
         .title = "Another program holds a port of the range",
         .means = "The server passes it over and has the next one. Frontends that look through "
                  "the range ask it, see that it is not ours, and go on.",
         .cause = "Ports are for whoever comes first.",
         .remedy = "Nothing, unless a frontend has the number built in: then end that program, or "
                   "give the app another SERVER_PORT."},
    [BERTH_DOCTOR_PORT_OTHER_APP] =
        {.name = "port-other-app",
         .severity = BERTH_DOCTOR_NOTE,
         .title = "Another app's Berth holds a port of the range",
         .means = "The server passes it over. Frontends know it by its app's name, and go on.",
         .cause = "All apps begin to look at 1018 when nothing else is said.",
         .remedy = "Nothing. An app that wants the same port at each start may have a SERVER_PORT "
                   "of its own."},
    [BERTH_DOCTOR_PORT_RESERVED] =
        {.name = "port-reserved",
         .severity = BERTH_DOCTOR_NOTE,
         .title = "The system keeps a port of the range to itself",
         .means = "This user may not listen there; nobody need hold it. The server steps over all "
                  "of them and says so once.",
         .cause = "Ports under 1024 are for root on most systems; some systems set others aside.",
         .remedy = "Nothing, or ask for a higher SERVER_PORT so that frontends need not look in "
                   "vain."},
    [BERTH_DOCTOR_PORT_BLOCKED] =
        {.name = "port-blocked",
         .severity = BERTH_DOCTOR_NOTE,
         .title = "Browsers refuse a port of the range",
         .means = "A browser never connects there, whoever listens. The server steps over it.",
         .cause = "The Fetch standard names about eighty ports that other protocols use; this is "
                  "one of them.",
         .remedy = "Nothing, or choose a SERVER_PORT that is not among them."},
    [BERTH_DOCTOR_PORT_EPHEMERAL] =
        {.name = "port-ephemeral",
         .severity = BERTH_DOCTOR_WARNING,
         .title = "SERVER_PORT lies where the system takes ports for outgoing connections",
         .means = "Any program can hold it by chance for a while, so the server moves now and "
                  "then for no visible reason; and a client that polls it can end up connected to "
                  "itself.",
         .cause = "The number is in the ephemeral range of the system "
                  "(net.ipv4.ip_local_port_range).",
         .remedy = "Choose a lower SERVER_PORT: 1024 to 32767 on most systems."},
    [BERTH_DOCTOR_PORT_FILTERED] =
        {.name = "port-filtered",
         .severity = BERTH_DOCTOR_ERROR,
         .title = "Somebody listens there and cannot be reached",
         .means = "The system's table has a listening socket, and yet a connection to it is "
                  "refused, swallowed or cut: something on this machine is between.",
         .cause = "A packet filter (nftables, iptables), a VPN client, an antivirus program or a "
                  "sandbox has a rule for loopback or for this port; or the listener's queue is "
                  "full because it hangs.",
         .remedy = "Refused means a rule that rejects, a timeout one that drops or a process that "
                   "hangs, a reset a program that looks inside. Look at `nft list ruleset`, "
                   "switch the VPN or antivirus off for a moment, and exempt 127.0.0.1 and ::1."},
    [BERTH_DOCTOR_PORTS_ALL_TAKEN] =
        {.name = "ports-all-taken",
         .severity = BERTH_DOCTOR_WARNING,
         .title = "No port of the range is free",
         .means = "The server gets a port from the system, and then only the port file and the "
                  "record lead to it; with FALLBACK: fail it does not start.",
         .cause = "Many programs, or many instances of this one, hold the range; or the range is "
                  "short.",
         .remedy = "End what is not needed (the list says who holds what), ask for another range "
                   "with SERVER_PORT, or for a longer one with PORT_TRIES."},
    [BERTH_DOCTOR_RANGE_UNSEARCHED] =
        {.name = "range-unsearched",
         .severity = BERTH_DOCTOR_NOTE,
         .title = "The range is not the one that frontends look through",
         .means = "A frontend without port file, record or remembered port asks 1018-1030 and "
                  "does not come here.",
         .cause = "SERVER_PORT or PORT_TRIES lead outside 1018-1030.",
         .remedy = "Nothing where frontends read the port file or are told. Otherwise tell the "
                   "frontend the range too."},
    [BERTH_DOCTOR_WEBSOCKET] =
        {.name = "websocket",
         .severity = BERTH_DOCTOR_OK,
         .title = "A WebSocket opens",
         .means = "The upgrade was asked for as a browser does, and answered rightly.",
         .cause = "The doctor opened a WebSocket on the published route and closed it again.",
         .remedy = "Nothing."},
    [BERTH_DOCTOR_WEBSOCKET_NO_ROUTE] =
        {.name = "websocket-no-route",
         .severity = BERTH_DOCTOR_NOTE,
         .title = "The server has no WebSocket route",
         .means = "Pages are served, WebSockets are not.",
         .cause = "ROUTES is empty.",
         .remedy = "Nothing when that is meant. Otherwise name one: ROUTES under BERTH, or `--ws "
                   "echo`."},
    [BERTH_DOCTOR_WEBSOCKET_REFUSED] =
        {.name = "websocket-refused",
         .severity = BERTH_DOCTOR_ERROR,
         .title = "The server refuses the upgrade",
         .means = "The request arrived as it was sent, and the answer is no: the server's own "
                  "rules say so.",
         .cause = "There is no such route, another user asks, the Origin is not allowed, or all "
                  "connections are taken. The status and the server's words say which.",
         .remedy = "Do what the server's words say; its log has a line on each refusal."},
    [BERTH_DOCTOR_WEBSOCKET_STRIPPED] =
        {.name = "websocket-stripped",
         .severity = BERTH_DOCTOR_ERROR,
         .title = "The upgrade is lost on the way",
         .means = "The server answers as if no upgrade had been asked for: something between took "
                  "the request's Upgrade field away. HTTP works, WebSockets do not.",
         .cause = "A proxy, a VPN client, an antivirus program or a forwarder that speaks plain "
                  "HTTP only looks into loopback connections.",
         .remedy = "Find what is between: proxy variables, antivirus with \"web protection\", a "
                   "container's forwarder. Exempt 127.0.0.1 and ::1, or let it pass Upgrade and "
                   "Connection."},
    [BERTH_DOCTOR_WEBSOCKET_MANGLED] =
        {.name = "websocket-mangled",
         .severity = BERTH_DOCTOR_ERROR,
         .title = "The answer to the upgrade is wrong",
         .means = "A browser ends such a connection with \"Error during WebSocket handshake\".",
         .cause = "Something between answers in the server's place, or changes the answer: the "
                  "accept key does not fit what was asked.",
         .remedy = "Find what is between, and exempt 127.0.0.1 and ::1. When nothing is: the "
                   "server's WebSocket library is broken."},
    [BERTH_DOCTOR_WEBSOCKET_CUT] =
        {.name = "websocket-cut",
         .severity = BERTH_DOCTOR_ERROR,
         .title = "The connection is cut at the upgrade",
         .means = "Plain HTTP is answered on the same port, but a WebSocket's request ends in a "
                  "reset or a closed connection. That is not how a server refuses.",
         .cause = "An antivirus program, a VPN client or a packet filter that looks inside cuts "
                  "it; or the server crashes at the upgrade.",
         .remedy = "See whether the server's log shows the request. If not, something is between: "
                   "exempt 127.0.0.1 and ::1 there."},
    [BERTH_DOCTOR_WEBSOCKET_SILENT] =
        {.name = "websocket-silent",
         .severity = BERTH_DOCTOR_ERROR,
         .title = "The upgrade is not answered",
         .means = "Plain HTTP is answered on the same port, and the WebSocket's request is "
                  "swallowed.",
         .cause = "Something between waits for a body that never comes or holds the request back; "
                  "or the backend of the route hangs.",
         .remedy = "See whether the server's log shows the request. If not, something is between: "
                   "exempt 127.0.0.1 and ::1 there."},
    [BERTH_DOCTOR_PAGE] =
        {.name = "page",
         .severity = BERTH_DOCTOR_OK,
         .title = "A page of that origin may use the server",
         .means = "Requests with that Origin were answered, readable for the page, and the "
                  "WebSocket opened.",
         .cause = "The doctor sent what a browser sends for that page: Origin with /health, with "
                  "data, and with the upgrade.",
         .remedy = "Nothing."},
    [BERTH_DOCTOR_PAGE_NULL_ORIGIN] =
        {.name = "page-null-origin",
         .severity = BERTH_DOCTOR_ERROR,
         .title = "The page has no origin of its own",
         .means = "A page from file:// or in a sandboxed frame says `Origin: null`, as any other "
                  "such page can. The server lets it see /health, and nothing else without the "
                  "token.",
         .cause = "The page was opened from disk, or an iframe has `sandbox` without "
                  "allow-same-origin.",
         .remedy = "Open the page from the server (/static/, `berth open`). In Electron use the "
                   "desktop bridge, which hands the endpoint and the key over. Only when you "
                   "trust every file on the machine: ALLOWED_ORIGINS: [\"null\"]."},
    [BERTH_DOCTOR_PAGE_ORIGIN_REFUSED] =
        {.name = "page-origin-refused",
         .severity = BERTH_DOCTOR_ERROR,
         .title = "The server refuses pages of that origin",
         .means = "The browser sends the page's origin with each request, and the server does not "
                  "know it as one of its own.",
         .cause = "The page comes from another site than loopback, and ALLOWED_ORIGINS does not "
                  "name it exactly: scheme, host and port count, and a slash at the end is one "
                  "too many.",
         .remedy = "When the page is yours: add the origin to ALLOWED_ORIGINS under BERTH, as the "
                   "browser says it, and restart the server."},
    [BERTH_DOCTOR_PAGE_CORS_MISSING] =
        {.name = "page-cors-missing",
         .severity = BERTH_DOCTOR_ERROR,
         .title = "The browser does not let the page read the answer",
         .means = "The server answers, and the answer does not say that this origin may read it; "
                  "in the page it looks like a network error (\"Failed to fetch\").",
         .cause = "It is no Berth or an old one, or something between removes the "
                  "Access-Control-Allow-Origin field.",
         .remedy = "Restart the server with this version. When it stays so, look for what is "
                   "between."},
    [BERTH_DOCTOR_PAGE_LOCAL_NETWORK] =
        {.name = "page-local-network",
         .severity = BERTH_DOCTOR_WARNING,
         .title = "The browser asks before a page of the web may reach this machine",
         .means = "Chromium shows a question (\"wants to access other apps and services on this "
                  "device\") since version 142, and without a yes every request fails like a "
                  "network error.",
         .cause = "The page comes from a public address and the server is on loopback: Local "
                  "Network Access.",
         .remedy = "Serve the page from the server itself (/static/, `berth open`): then nothing "
                   "is asked. Else let the page connect on a click, and say to the user why the "
                   "question comes."},
    [BERTH_DOCTOR_PAGE_MIXED_CONTENT] =
        {.name = "page-mixed-content",
         .severity = BERTH_DOCTOR_WARNING,
         .title = "A page from https connects to http",
         .means = "Chromium and Firefox take http://127.0.0.1 and ws://127.0.0.1 as safe from an "
                  "https page; WebKit (Safari, WebKitGTK) does not, and blocks it.",
         .cause = "The page is served over TLS and the server on loopback is not.",
         .remedy = "Serve the page from the server itself, or say that WebKit is not supported. "
                   "Never write localhost for 127.0.0.1 here: not every browser takes it as safe."},
    [BERTH_DOCTOR_FAMILIES] =
        {.name = "families",
         .severity = BERTH_DOCTOR_OK,
         .title = "127.0.0.1, ::1 and localhost lead to the same place",
         .means = "Whichever of them a frontend asks, it reaches the same server.",
         .cause = "The doctor asked both families, and the system what localhost means.",
         .remedy = "Nothing."},
    [BERTH_DOCTOR_IPV6_MISSING] =
        {.name = "ipv6-missing",
         .severity = BERTH_DOCTOR_NOTE,
         .title = "This machine has no ::1",
         .means = "Only 127.0.0.1 is listened on, and asked. Frontends that try ::1 first lose no "
                  "time: it is refused at once.",
         .cause = "IPv6 is switched off in the kernel, or the container has none.",
         .remedy = "Nothing."},
    [BERTH_DOCTOR_FAMILIES_DIFFER] =
        {.name = "families-differ",
         .severity = BERTH_DOCTOR_ERROR,
         .title = "127.0.0.1 and ::1 are answered by different programs on one port",
         .means = "`localhost` leads to the one or to the other, by the browser's mood: pages "
                  "load from one and connect to the other.",
         .cause = "One program listens on IPv4 only and another took the same number in IPv6. "
                  "Many development servers listen on ::1 alone, or on one family by what "
                  "localhost means that day.",
         .remedy = "End one of the two (the finding names them), or restart our server: it takes "
                   "a port only when both families are free."},
    [BERTH_DOCTOR_LOCALHOST_UNKNOWN] =
        {.name = "localhost-unknown",
         .severity = BERTH_DOCTOR_WARNING,
         .title = "localhost means nothing here",
         .means = "A frontend that writes localhost finds nobody; those that write 127.0.0.1 do.",
         .cause = "/etc/hosts has lost its first line, or a container or chroot has none.",
         .remedy = "Put `127.0.0.1 localhost` and `::1 localhost` into /etc/hosts, or write "
                   "127.0.0.1 in the frontend."},
    [BERTH_DOCTOR_LOCALHOST_ELSEWHERE] =
        {.name = "localhost-elsewhere",
         .severity = BERTH_DOCTOR_ERROR,
         .title = "localhost is another machine",
         .means = "A frontend that writes localhost talks to another machine, with all that it "
                  "says.",
         .cause = "/etc/hosts or the name service gives an address that is not loopback.",
         .remedy = "Correct /etc/hosts: `127.0.0.1 localhost` and `::1 localhost`. In the "
                   "frontend write 127.0.0.1."},
    [BERTH_DOCTOR_LOCALHOST_OTHER_FAMILY] =
        {.name = "localhost-other-family",
         .severity = BERTH_DOCTOR_WARNING,
         .title = "localhost leads to a family in which the server does not listen",
         .means = "A frontend that writes localhost tries an address first, or only, where our "
                  "server is not. Some programs (Node's older fetch) try no second one.",
         .cause = "The server listens on one family only: HOST names one, it is an older version, "
                  "or the other family was not there when it started.",
         .remedy = "Write 127.0.0.1 in the frontend, or let HOST be 127.0.0.1 (which takes ::1 "
                   "with it) and restart the server."},
    [BERTH_DOCTOR_PROXY] =
        {.name = "proxy",
         .severity = BERTH_DOCTOR_OK,
         .title = "No proxy variable catches loopback",
         .means = "Programs that obey http_proxy and its like go straight to this machine.",
         .cause = "The doctor looked at http_proxy, https_proxy, all_proxy and no_proxy, in small "
                  "and in capital letters.",
         .remedy = "Nothing."},
    [BERTH_DOCTOR_PROXY_CATCHES_LOOPBACK] =
        {.name = "proxy-catches-loopback",
         .severity = BERTH_DOCTOR_WARNING,
         .title = "A proxy variable catches loopback",
         .means = "curl, Python's requests, axios and others send even 127.0.0.1 to the proxy, "
                  "which knows nothing of this machine's servers: 502, 403 or a timeout. Berth's "
                  "own clients and browsers do not obey these variables.",
         .cause = "The variable is set for the company's or a container's network, and no_proxy "
                  "does not leave loopback out.",
         .remedy = "Add to the environment: `no_proxy=127.0.0.1,localhost,::1`, and the same in "
                   "NO_PROXY."},
    [BERTH_DOCTOR_LOOPBACK] =
        {.name = "loopback",
         .severity = BERTH_DOCTOR_OK,
         .title = "Connections inside this machine work",
         .means = "The doctor listened on a port of its own and reached it.",
         .cause = "A listener on 127.0.0.1, on a port that the system gave, was connected to.",
         .remedy = "Nothing."},
    [BERTH_DOCTOR_LOOPBACK_DOWN] =
        {.name = "loopback-down",
         .severity = BERTH_DOCTOR_ERROR,
         .title = "This machine has no loopback",
         .means = "There is no way to 127.0.0.1: no server on this machine can be reached from it.",
         .cause = "The interface lo is down, as it is in a new network namespace, or a sandbox has "
                  "taken it away.",
         .remedy = "`ip link set lo up`. In a sandbox or container: allow loopback."},
    [BERTH_DOCTOR_LOOPBACK_REFUSED] =
        {.name = "loopback-refused",
         .severity = BERTH_DOCTOR_ERROR,
         .title = "Connections inside this machine are refused",
         .means = "The doctor listened itself, and its own connection was refused: no server can "
                  "be reached here.",
         .cause = "A packet filter rejects loopback, or a sandbox forbids connections.",
         .remedy = "Look at `nft list ruleset` or `iptables -S` for a rule that rejects on lo, "
                   "and let lo pass. In a sandbox: allow loopback."},
    [BERTH_DOCTOR_LOOPBACK_TIMEOUT] =
        {.name = "loopback-timeout",
         .severity = BERTH_DOCTOR_ERROR,
         .title = "Connections inside this machine are swallowed",
         .means = "The doctor listened itself, and its own connection had no answer: no server "
                  "can be reached here.",
         .cause = "A packet filter drops what comes in on lo, or a VPN client with a \"kill "
                  "switch\" does.",
         .remedy = "Look at `nft list ruleset` or `iptables -S` for a rule that drops on lo, and "
                   "let lo pass. In a VPN client: allow the local machine."},
    [BERTH_DOCTOR_LOOPBACK_RESET] =
        {.name = "loopback-reset",
         .severity = BERTH_DOCTOR_ERROR,
         .title = "Connections inside this machine are cut",
         .means = "The doctor listened itself, and its own connection was made and then cut.",
         .cause = "A program that looks into connections (antivirus, VPN, \"web protection\") "
                  "stands between.",
         .remedy = "Switch it off for a moment to see; then exempt 127.0.0.1 and ::1 there."},
    [BERTH_DOCTOR_CLOCK] = {.name = "clock",
                            .severity = BERTH_DOCTOR_OK,
                            .title = "The clock is plausible",
                            .means = "It is after 2024, and no record is from the future.",
                            .cause = "The doctor compared the clock with the records.",
                            .remedy = "Nothing."},
    [BERTH_DOCTOR_CLOCK_UNSET] =
        {.name = "clock-unset",
         .severity = BERTH_DOCTOR_WARNING,
         .title = "The clock stands before 2024",
         .means = "Cookies and certificates are taken as not yet valid, ages and orders come out "
                  "wrong.",
         .cause = "The machine has no battery for its clock, or has not reached a time server "
                  "yet.",
         .remedy = "Set the clock: `timedatectl set-ntp true`, or `date -s`."},
    [BERTH_DOCTOR_CLOCK_RECORD_FUTURE] =
        {.name = "clock-record-future",
         .severity = BERTH_DOCTOR_WARNING,
         .title = "A server was started in the future",
         .means = "The clock was set back since; which server is the youngest comes out wrong.",
         .cause = "The clock was wrong when the server started, or is now: a wake-up, a virtual "
                  "machine, a second system on the disk.",
         .remedy = "See that the clock is right now, then restart the server."},
};
