/* What a tree of processes holds: pages that they share count once. */
#include "../test.h"

#include "browser/proctree.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB ((uint64_t)1 << 20)
#define SIZE (32 * MIB)
#define CHILDREN 3

/* A process with SIZE bytes and children that share them, all of which wait for a signal; it says
 * on the pipe when they are there. */
static pid_t start_family(int *told)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t root = fork();
    assert_true(root >= 0);
    if (root > 0) {
        close(ends[1]);
        *told = ends[0];
        return root;
    }
    char *bytes = malloc(SIZE);
    memset(bytes, 7, SIZE);
    for (int i = 0; i < CHILDREN; i++)
        if (fork() == 0)
            break;
    if (write(ends[1], bytes, 1) != 1)
        _exit(1);
    for (;;)
        pause();
}

TEST(shared_pages_count_once)
{
    struct wi_proctree tree;
    int told;
    char byte;
    pid_t root = start_family(&told);
    for (int i = 0; i <= CHILDREN; i++)
        assert_int_equal(read(told, &byte, 1), 1);
    assert_int_equal(wi_proctree_read(&tree), 0);
    uint64_t memory = wi_proctree_memory(&tree, root);
    assert_in_range(memory, SIZE, SIZE + 24 * MIB);
    assert_int_equal(wi_proctree_stopped(&tree, root), 0);
    wi_proctree_kill(&tree, SIGKILL);
    wi_proctree_clear(&tree);
    close(told);
    assert_int_equal(waitpid(root, NULL, 0), root);
}

TEST(one_that_is_gone_holds_nothing)
{
    struct wi_proctree tree;
    pid_t child = fork();
    if (child == 0)
        for (;;)
            pause();
    assert_int_equal(wi_proctree_read(&tree), 0);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(wi_proctree_memory(&tree, child), 0);
    wi_proctree_clear(&tree);
}

TEST(a_part_is_found_by_what_it_was_started_with)
{
    struct wi_proctree tree;
    const char *const words[] = {"--type=gpu-process", "--type=renderer"};
    pid_t parts[2];
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    for (int i = 0; i < 2; i++) {
        parts[i] = fork();
        if (parts[i] == 0) {
            dup2(ends[0], STDIN_FILENO);
            execl("/bin/sh", "sh", "-c", "read x", words[i], (char *)NULL);
            _exit(1);
        }
    }
    size_t found = 0;
    while (found == 0) { /* until they are what they are started as */
        assert_int_equal(wi_proctree_read(&tree), 0);
        found = wi_proctree_find(&tree, getpid(), words[0]);
        if (found == 0)
            wi_proctree_clear(&tree);
    }
    assert_int_equal(found, 1);
    wi_proctree_kill(&tree, SIGKILL);
    int status;
    assert_int_equal(waitpid(parts[0], &status, 0), parts[0]);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(waitpid(parts[1], NULL, WNOHANG), 0);
    assert_int_equal(wi_proctree_find(&tree, parts[1], words[1]), 0); /* not the root itself */
    wi_proctree_clear(&tree);
    close(ends[1]);
    close(ends[0]);
    kill(parts[1], SIGKILL);
    assert_int_equal(waitpid(parts[1], NULL, 0), parts[1]);
}
