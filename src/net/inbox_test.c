/* Letters from the loop's own thread, and from others. */
#include "net/inbox.h"

#include "net/conformance.h"

#include <pthread.h>

#define SENDERS 4
#define LETTERS 1000

struct box {
    struct world *world;
    struct berth_net_inbox *inbox;
    int read, dropped;
    int wanted;
    int next_of[SENDERS];
};

struct note {
    struct berth_net_letter letter; /* first */
    struct box *box;
    int sender, number;
};

static void read_note(struct berth_net_letter *letter) {
    struct note *note = (struct note *)(void *)letter;
    struct box *box = note->box;
    assert_false(box->world->calling);
    assert_true(berth_net_is_here(box->world->net));
    assert_int_equal(note->number, box->next_of[note->sender]);
    box->next_of[note->sender]++;
    if (++box->read == box->wanted)
        berth_net_stop(box->world->net);
}

static void drop_note(struct berth_net_letter *letter) {
    ((struct note *)(void *)letter)->box->dropped++;
}

static struct note note_of(struct box *box, int sender, int number, size_t size) {
    return (struct note){{NULL, size, read_note, drop_note}, box, sender, number};
}

static void box_open(struct box *box, void **state, int wanted) {
    *box = (struct box){.world = world_open(*state), .wanted = wanted};
    assert_int_equal(berth_net_inbox_create(box->world->net, &box->inbox), 0);
}

static void box_close(struct box *box) {
    berth_net_inbox_destroy(box->inbox);
    world_close(box->world);
}

static int put(struct box *box, struct note *note, size_t max) {
    int error;
    QUIETLY(box->world, error = berth_net_inbox_put(box->inbox, &note->letter, max));
    return error;
}

static void test_letters_are_read_in_their_order(void **state) {
    struct box box;
    box_open(&box, state, 3);
    struct note notes[3];
    for (int i = 0; i < 3; i++) {
        notes[i] = note_of(&box, 0, i, 1);
        assert_int_equal(put(&box, &notes[i], SIZE_MAX), 0);
    }
    assert_int_equal(box.read, 0);
    world_run(box.world);
    assert_int_equal(box.read, 3);
    box_close(&box);
    assert_int_equal(box.dropped, 0);
}

static void test_a_full_inbox_takes_no_more(void **state) {
    struct box box;
    box_open(&box, state, 2);
    struct note notes[] = {note_of(&box, 0, 0, 40), note_of(&box, 0, 1, 60), note_of(&box, 0, 2, 1),
                           note_of(&box, 0, 2, 1000)};
    assert_int_equal(put(&box, &notes[0], 100), 0);
    assert_int_equal(put(&box, &notes[1], 100), 0);
    assert_int_equal(put(&box, &notes[2], 100), BERTH_E_FULL);
    world_run(box.world);
    box.wanted = 3;
    assert_int_equal(put(&box, &notes[3], SIZE_MAX), 0);
    world_run(box.world);
    assert_int_equal(put(&box, &notes[2], 0), BERTH_E_FULL);
    box_close(&box);
}

static void test_what_is_not_read_is_dropped(void **state) {
    struct box box;
    box_open(&box, state, 1);
    struct note note = note_of(&box, 0, 0, 1);
    struct note other = note_of(&box, 0, 1, 1);
    other.letter.drop = NULL;
    assert_int_equal(put(&box, &note, SIZE_MAX), 0);
    assert_int_equal(put(&box, &other, SIZE_MAX), 0);
    box_close(&box);
    assert_int_equal(box.read, 0);
    assert_int_equal(box.dropped, 1);
}

/* A letter may be put again as soon as it is read, and from the reading itself. */
static void read_again(struct berth_net_letter *letter) {
    struct note *note = (struct note *)(void *)letter;
    struct box *box = note->box;
    if (++box->read < box->wanted)
        assert_int_equal(put(box, note, SIZE_MAX), 0);
    else
        berth_net_stop(box->world->net);
}

static void test_a_letter_may_be_put_while_it_is_read(void **state) {
    struct box box;
    box_open(&box, state, 5);
    struct note note = note_of(&box, 0, 0, 1);
    note.letter.read = read_again;
    assert_int_equal(put(&box, &note, SIZE_MAX), 0);
    world_run(box.world);
    assert_int_equal(box.read, 5);
    box_close(&box);
}

struct sender {
    struct box *box;
    struct note notes[LETTERS];
};

static void *send_all(void *argument) {
    struct sender *sender = argument;
    for (int i = 0; i < LETTERS; i++)
        assert_int_equal(
            berth_net_inbox_put(sender->box->inbox, &sender->notes[i].letter, SIZE_MAX), 0);
    return NULL;
}

static void test_other_threads_write(void **state) {
    static struct sender senders[SENDERS];
    struct box box;
    box_open(&box, state, SENDERS * LETTERS);
    pthread_t threads[SENDERS];
    for (int i = 0; i < SENDERS; i++) {
        senders[i].box = &box;
        for (int k = 0; k < LETTERS; k++)
            senders[i].notes[k] = note_of(&box, i, k, 10);
        assert_int_equal(pthread_create(&threads[i], NULL, send_all, &senders[i]), 0);
    }
    world_run(box.world);
    for (int i = 0; i < SENDERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(box.read, SENDERS * LETTERS);
    box_close(&box);
}

static void test_without_memory(void **state) {
    struct world *world = world_open(*state);
    struct berth_net_inbox *inbox;
    int error = BERTH_E_MEMORY;
    for (size_t nth = 1; error != 0; nth++) {
        assert_int_equal(error, BERTH_E_MEMORY);
        berth_alloc_fail_at(nth);
        error = berth_net_inbox_create(world->net, &inbox);
    }
    berth_alloc_fail_at(0);
    berth_net_inbox_destroy(inbox);
    berth_net_inbox_destroy(NULL);
    world_close(world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_ALL(test_letters_are_read_in_their_order),
        ON_ALL(test_a_full_inbox_takes_no_more),
        ON_ALL(test_what_is_not_read_is_dropped),
        ON_ALL(test_a_letter_may_be_put_while_it_is_read),
        ON_REAL(test_other_threads_write),
        ON_ALL(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
