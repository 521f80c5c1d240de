/* What runs for every message stands side by side in the program.
 *
 * Between two messages the kernel's own code goes through the processor's caches. What comes back
 * of ours comes back by the line and by the page, so it is to be little, and near.
 */
#ifndef BERTH_BASE_HOT_H
#define BERTH_BASE_HOT_H

/* Said of the functions that a plain message goes through between two waits; of no others, or it
 * says nothing. */
#define BERTH_HOT __attribute__((hot))

/* What a hot function seldom goes on with: it would be in its way. */
#define BERTH_APART __attribute__((noinline))

#endif
