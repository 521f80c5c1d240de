# Reads the TAP of one node:test file; prints "PASSED FAILED". What was skipped, cancelled or put
# off has shown nothing, so it counts as failed; and so does a file that ran no test.
/^# pass / { passed += $3 }
/^# (fail|cancelled|skipped|todo) / { failed += $3 }
/^# tests / { ended = 1 }
END {
    if (!ended || passed + failed == 0) failed++
    print passed + 0, failed + 0
}
