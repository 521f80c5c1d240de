/* Assertions, on in release: for our own mistakes, never for a peer's bytes or the OS's answers. */
#ifndef BERTH_BASE_ASSERT_H
#define BERTH_BASE_ASSERT_H

#define BERTH_ASSERT(condition)                                                                    \
    ((condition) ? (void)0 : berth_assert_failed(#condition, __FILE__, __LINE__))

/* Says what failed on stderr and aborts: there is no state left that could be trusted. */
_Noreturn void berth_assert_failed(const char *condition, const char *file, int line);

#endif
