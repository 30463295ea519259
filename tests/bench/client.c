/*
 * A load client that is not the bottleneck: N keep-alive connections on one epoll, each sending
 * the same ready-made HTTP request again as soon as its answer is complete. Bodies, chunked ones
 * too, are counted and not looked at. Prints one line of JSON with the latencies.
 *
 *   client PORT REQUEST_FILE CONNECTIONS MILLISECONDS [REQUESTS [ADDRESS]]
 *
 * REQUEST_FILE is the whole request, head and body, as it goes over the wire. It stops after
 * MILLISECONDS (but not before every connection had one answer), or after REQUESTS if that is given
 * and not 0. ADDRESS is its own: the server takes each for another client.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define HEAD_MAX 8192
#define READ_SIZE (256 * 1024)
/* How a chunked body ends. No answer that is measured has a line of "0" and CR within. */
static const char LAST_CHUNK[] = "\n0\r\n\r\n";
#define LAST_SIZE (sizeof LAST_CHUNK - 1)
/* More connections than this are opened one request at a time: the server need not wait for the
 * first request until the last connection is there. */
#define AT_ONCE 8192

struct connection {
    int fd;
    size_t sent; /* of the request */
    double began;
    char head[HEAD_MAX + 1];
    size_t head_size;
    int in_body;
    long left; /* of the answer's body; of a chunked one 1 until its end */
    int chunked;
    char last[LAST_SIZE]; /* bytes of it that came */
    int status;
};

struct run {
    int epoll;
    const char *request;
    size_t request_size;
    struct connection *connections;
    unsigned count;
    double *times;
    size_t done, capacity, errors, wanted;
    unsigned long long body_bytes;
    int last_status; /* of the last answer that was no success */
    double stop_at;
    unsigned active;
    const char *address; /* its own; NULL: any */
};

static double now_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static char *read_file(const char *path, size_t *size)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info))
        die(path);
    char *bytes = malloc((size_t)info.st_size + 1);
    for (*size = 0; *size < (size_t)info.st_size;) {
        ssize_t got = read(fd, bytes + *size, (size_t)info.st_size - *size);
        if (got <= 0)
            die(path);
        *size += (size_t)got;
    }
    close(fd);
    return bytes;
}

static void open_connection(struct run *run, struct connection *connection, unsigned short port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in own = {.sin_family = AF_INET};
    int one = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (run->address && (inet_pton(AF_INET, run->address, &own.sin_addr) != 1 ||
                            bind(connection->fd, (struct sockaddr *)&own, sizeof own)))
        die(run->address);
    if (connection->fd < 0 || connect(connection->fd, (struct sockaddr *)&address, sizeof address))
        die("connect");
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(connection->fd, F_SETFL, O_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = connection};
    epoll_ctl(run->epoll, EPOLL_CTL_ADD, connection->fd, &event);
}

static void send_more(struct run *run, struct connection *connection)
{
    while (connection->sent < run->request_size) {
        ssize_t sent = send(connection->fd, run->request + connection->sent,
            run->request_size - connection->sent, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return; /* would block, or an error that reading will show */
        connection->sent += (size_t)sent;
    }
}

static void begin(struct run *run, struct connection *connection)
{
    connection->sent = 0;
    connection->head_size = 0;
    connection->in_body = 0;
    connection->began = now_ms();
    send_more(run, connection);
}

static void finish(struct run *run, struct connection *connection)
{
    double time = now_ms() - connection->began;
    if (connection->status / 100 == 2) {
        if (run->done == run->capacity) {
            run->capacity = run->capacity ? 2 * run->capacity : 4096;
            run->times = realloc(run->times, run->capacity * sizeof *run->times);
        }
        run->times[run->done++] = time;
    } else {
        run->errors++;
        run->last_status = connection->status;
    }
    int enough = run->wanted ? run->done + run->errors + run->active > run->wanted
                             : now_ms() >= run->stop_at;
    if (enough)
        run->active--;
    else
        begin(run, connection);
}

/* Reads the answer's head; gives how many of `size` bytes belong to it. */
static size_t take_head(struct connection *connection, const char *bytes, size_t size)
{
    size_t before = connection->head_size, room = HEAD_MAX - before;
    size_t taken = size < room ? size : room;
    memcpy(connection->head + before, bytes, taken);
    connection->head_size += taken;
    connection->head[connection->head_size] = '\0';
    char *end = strstr(connection->head, "\r\n\r\n");
    if (!end) {
        if (connection->head_size == HEAD_MAX) {
            fprintf(stderr, "an answer's head is longer than %d bytes\n", HEAD_MAX);
            exit(1);
        }
        return taken;
    }
    char *length = strcasestr(connection->head, "\r\nContent-Length:");
    connection->status = atoi(connection->head + strlen("HTTP/1.1 "));
    connection->chunked = strcasestr(connection->head, "\r\nTransfer-Encoding: chunked") != NULL;
    connection->left = connection->chunked ? 1
                       : length            ? atol(length + strlen("\r\nContent-Length:"))
                                           : 0;
    memset(connection->last, 0, LAST_SIZE);
    connection->in_body = 1;
    return (size_t)(end + 4 - connection->head) - before;
}

/* Takes bytes of a chunked body, and sees by the last ones whether it has ended. */
static void take_chunked(struct connection *connection, const char *bytes, size_t size)
{
    size_t fresh = size < LAST_SIZE ? size : LAST_SIZE;
    memmove(connection->last, connection->last + fresh, LAST_SIZE - fresh);
    memcpy(connection->last + LAST_SIZE - fresh, bytes + size - fresh, fresh);
    connection->left = memcmp(connection->last, LAST_CHUNK, LAST_SIZE) != 0;
}

static void take(struct run *run, struct connection *connection, const char *bytes, size_t size)
{
    while (size || (connection->in_body && connection->left == 0)) {
        size_t used;
        if (!connection->in_body) {
            used = take_head(connection, bytes, size);
        } else if (connection->chunked) {
            used = size;
            take_chunked(connection, bytes, size);
            run->body_bytes += used;
        } else {
            used = size < (size_t)connection->left ? size : (size_t)connection->left;
            connection->left -= (long)used;
            run->body_bytes += used;
        }
        bytes += used;
        size -= used;
        if (connection->in_body && connection->left == 0) {
            finish(run, connection);
            return; /* nothing is pipelined, so nothing follows */
        }
    }
}

static void receive(struct run *run, struct connection *connection, char *buffer)
{
    for (;;) {
        ssize_t got = recv(connection->fd, buffer, READ_SIZE, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (got <= 0) {
            fprintf(stderr, "the server closed a connection: %s\n",
                got < 0 ? strerror(errno) : "end of file");
            exit(1);
        }
        take(run, connection, buffer, (size_t)got);
    }
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double percentile(const struct run *run, double share)
{
    return run->done ? run->times[(size_t)((double)(run->done - 1) * share)] : 0;
}

static void report(struct run *run, double took)
{
    qsort(run->times, run->done, sizeof *run->times, compare);
    printf("{\"requests\":%zu,\"errors\":%zu,\"last_error_status\":%d,\"seconds\":%.6f,"
           "\"per_second\":%.2f,\"p50_ms\":%.5f,\"p90_ms\":%.5f,\"p99_ms\":%.5f,\"min_ms\":%.5f,"
           "\"max_ms\":%.5f,\"answer_bytes_per_second\":%.0f}\n",
        run->done, run->errors, run->last_status, took / 1e3, (double)run->done / took * 1e3,
        percentile(run, 0.5), percentile(run, 0.9), percentile(run, 0.99), percentile(run, 0),
        percentile(run, 1), (double)run->body_bytes / took * 1e3);
}

int main(int argc, char **argv)
{
    struct run run = {0};
    struct epoll_event events[256];
    if (argc < 5) {
        fprintf(stderr,
            "usage: client PORT REQUEST_FILE CONNECTIONS MILLISECONDS [REQUESTS [ADDRESS]]\n");
        return 2;
    }
    char *buffer = malloc(READ_SIZE);
    run.request = read_file(argv[2], &run.request_size);
    run.count = run.active = (unsigned)atoi(argv[3]);
    run.wanted = argc > 5 ? (size_t)atol(argv[5]) : 0;
    run.address = argc > 6 ? argv[6] : NULL;
    run.connections = calloc(run.count, sizeof *run.connections);
    run.epoll = epoll_create1(EPOLL_CLOEXEC);
    int together = run.count <= AT_ONCE;
    double began = now_ms();
    for (unsigned i = 0; i < run.count; i++) {
        open_connection(&run, &run.connections[i], (unsigned short)atoi(argv[1]));
        if (!together)
            begin(&run, &run.connections[i]);
    }
    if (together) {
        began = now_ms();
        for (unsigned i = 0; i < run.count; i++)
            begin(&run, &run.connections[i]);
    }
    run.stop_at = began + atof(argv[4]);
    while (run.active) {
        int count = epoll_wait(run.epoll, events, 256, 60000);
        if (count == 0) {
            fprintf(stderr, "no answer for 60 s\n");
            return 1;
        }
        for (int i = 0; i < count; i++) {
            struct connection *connection = events[i].data.ptr;
            if (events[i].events & EPOLLOUT)
                send_more(&run, connection);
            if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
                receive(&run, connection, buffer);
        }
    }
    report(&run, now_ms() - began);
    return 0;
}
