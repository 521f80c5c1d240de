# Reads ctest's LastTest.log of cmocka programs that speak TAP; prints "PASSED FAILED".
# A planned case that never said "ok" has failed, and so has a program that failed with all its
# cases ok (a leak found at exit) or that ran no case. Failed programs are shown on stderr.

/^[0-9]+\/[0-9]+ Testing: / {
    program = $3
    planned = ok = 0
    text = ""
    programs++
}
program != "" { text = text $0 "\n" }
/^1\.\.[0-9]+$/ { planned += substr($1, 4) }
/^ok [0-9]/ { ok++ }
/^Test (Passed|Failed)\./ { program_ended($2 == "Passed.") }

function program_ended(succeeded,    bad) {
    bad = planned - ok
    if (bad == 0 && (!succeeded || planned == 0))
        bad = 1
    if (bad > 0)
        printf "FAILED  %s\n%s\n", program, text > "/dev/stderr"
    passed += ok
    failed += bad
    program = ""
}

END {
    if (program != "")
        program_ended(0)
    if (programs == 0) {
        print "No unit test ran." > "/dev/stderr"
        failed++
    }
    print passed + 0, failed + 0
}
