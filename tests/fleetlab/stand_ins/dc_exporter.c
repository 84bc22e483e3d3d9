/*
 * A STAND-IN for dc-exporter-rs, not the real one.
 *
 * dc-exporter-rs is closed source, is released on a host that the lab cannot reach, and wants an
 * NVIDIA driver and root's /dev/mem. This program has its command line (--version, --port), its port
 * and a few of its metric names, with fixed values, so that installing, verifying, upgrading and
 * removing it can be tested for real. Nothing that it reports was measured.
 *
 * DC_EXPORTER_BROKEN=1 in the environment makes it exit at once, for tests of the rollback.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define GPU "{gpu=\"0\",UUID=\"GPU-00000000-0000-4000-8000-000000000001\",modelName=\"Stand-in GPU\"}"

static const char METRICS[] =
    "# TYPE dc_exporter_build_info gauge\n"
    "dc_exporter_build_info{version=\"" VERSION "\"} 1\n"
    "# TYPE DCXP_GPU_AVAILABLE gauge\n"
    "DCXP_GPU_AVAILABLE 1\n"
    "# TYPE DCXP_GPU_COUNT gauge\n"
    "DCXP_GPU_COUNT{type=\"pcie\"} 1\n"
    "DCXP_GPU_COUNT{type=\"nvml\"} 1\n"
    "DCXP_GPU_COUNT{type=\"usable\"} 1\n"
    "# TYPE DCXP_GPU_STATE gauge\n"
    "DCXP_GPU_STATE" GPU " 1\n"
    "# TYPE DCXP_FI_DEV_VRAM_TEMP gauge\n"
    "DCXP_FI_DEV_VRAM_TEMP" GPU " 64\n"
    "# TYPE DCXP_FI_DEV_HOT_SPOT_TEMP gauge\n"
    "DCXP_FI_DEV_HOT_SPOT_TEMP" GPU " 71\n"
    "# TYPE DCXP_FI_DEV_POWER_LIMIT gauge\n"
    "DCXP_FI_DEV_POWER_LIMIT" GPU " 350\n";

static void answer(int client)
{
    char request[4096];
    struct timeval patience = {.tv_sec = 5};
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ssize_t got = read(client, request, sizeof request - 1);
    if (got <= 0)
        return;
    request[got] = '\0';
    int found = strncmp(request, "GET /metrics ", 13) == 0;
    const char *body = found ? METRICS : "see /metrics\n";
    char head[256];
    int length = snprintf(head, sizeof head,
                          "HTTP/1.1 %s\r\nContent-Type: text/plain; version=0.0.4\r\n"
                          "Content-Length: %zu\r\nConnection: close\r\n\r\n",
                          found ? "200 OK" : "404 Not Found", strlen(body));
    if (write(client, head, length) == length && write(client, body, strlen(body)) < 0)
        perror("write");
}

int main(int argc, char **argv)
{
    int port = 9835;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--version") == 0) {
            puts("dc-exporter-rs " VERSION);
            return 0;
        }
        if (strcmp(argv[i], "--port") == 0 && i + 1 < argc) {
            port = atoi(argv[++i]);
            continue;
        }
        fprintf(stderr, "dc-exporter-rs (stand-in): unknown option %s\n", argv[i]);
        return 2;
    }
    if (getenv("DC_EXPORTER_BROKEN"))
        return 1;
    signal(SIGPIPE, SIG_IGN);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    int yes = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 16) < 0) {
        perror("listen");
        return 1;
    }
    for (;;) {
        int client = accept(listener, NULL, NULL);
        if (client < 0)
            continue;
        answer(client);
        close(client);
    }
}
