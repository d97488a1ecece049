/* Peer (d), the limit: the work of peer (c) in C, with librabbitmq and libpq.
 *
 * One thread, one transaction and one `multiple` ack for each batch, the statements of
 * statements.py, which c_batch.py passes in while it compiles this. What it reaches is what the
 * two servers give to one consumer that asks them in this way; the rest is the cost of a client.
 *
 * Only what the benchmark sends can be read: JSON without escapes and one level deep, makes and
 * models in ASCII but for one Š. An error ends it. It has no retries and does not reconnect.
 */
#include <amqp.h>
#include <amqp_tcp_socket.h>
#include <libpq-fe.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

enum { BATCH = 400, PREFETCH = 1000, LINGER_MICROSECONDS = 20000, CHANNEL = 1 };
enum { INT4 = 23, TEXT = 25, TIMESTAMPTZ = 1184, NUMERIC = 1700 }; /* PostgreSQL's type ids */

typedef struct { const char *at; size_t length; } Text;
typedef struct {
    Text source, message_id, type, car_id, make, model, year, price, occurred_at;
} Event;
typedef struct { char *at; size_t length, room; } Buffer;

static amqp_connection_state_t rabbitmq;
static PGconn *postgres;
static amqp_envelope_t envelopes[BATCH];
static Event events[BATCH], created[BATCH], changed[BATCH];
static Buffer columns[10]; /* the parameters of a statement, an array each */

static void die(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    exit(1);
}

/* ---- Arrays in PostgreSQL's binary format ---- */

static char *extend(Buffer *buffer, size_t bytes) {
    if (buffer->length + bytes > buffer->room) {
        buffer->room = (buffer->length + bytes) * 2;
        buffer->at = realloc(buffer->at, buffer->room);
        if (!buffer->at) die("out of memory");
    }
    buffer->length += bytes;
    return buffer->at + buffer->length - bytes;
}

static void put(Buffer *buffer, int64_t value, int bytes) {
    char *to = extend(buffer, bytes);
    for (int i = bytes - 1; i >= 0; i--, value >>= 8) to[i] = (char)value;
}

static void put_text(Buffer *buffer, Text text) {
    put(buffer, text.length, 4);
    memcpy(extend(buffer, text.length), text.at, text.length);
}

static void put_casefolded(Buffer *buffer, Text text) {
    put(buffer, text.length, 4);
    char *to = extend(buffer, text.length);
    for (size_t i = 0; i < text.length; i++) {
        char c = text.at[i];
        int is_end_of_S_caron = c == '\xA0' && i && text.at[i - 1] == '\xC5';
        to[i] = is_end_of_S_caron ? '\xA1' : c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c;
    }
}

static int number(const char *digits, int count) {
    int value = 0;
    for (int i = 0; i < count; i++) {
        if (digits[i] < '0' || digits[i] > '9') die("not a digit in %.30s", digits);
        value = value * 10 + digits[i] - '0';
    }
    return value;
}

static void put_integer(Buffer *buffer, Text text) {
    put(buffer, 4, 4);
    put(buffer, number(text.at, (int)text.length), 4);
}

/* Digits to the base of 10,000: as many as the integer part takes, then those of two decimals. */
static void put_price(Buffer *buffer, Text text) {
    int whole = (int)text.length - 3, groups = (whole + 3) / 4;
    if (whole < 1 || text.at[whole] != '.') die("not a price: %.30s", text.at);
    put(buffer, 8 + 2 * (groups + 1), 4);
    put(buffer, groups + 1, 2);
    put(buffer, groups - 1, 2); /* the weight of the first group */
    put(buffer, 0, 2);          /* positive */
    put(buffer, 2, 2);          /* decimals shown */
    for (int i = groups; i > 0; i--) {
        int from = whole - i * 4;
        put(buffer, from < 0 ? number(text.at, 4 + from) : number(text.at + from, 4), 2);
    }
    put(buffer, number(text.at + whole + 1, 2) * 100, 2);
}

/* Microseconds since 2000-01-01 UTC, of a time like 2026-01-01T00:00:00-06:00. */
static void put_time(Buffer *buffer, Text text) {
    if (text.length != 25) die("not a time: %.30s", text.at);
    const char *at = text.at;
    int year = number(at, 4), month = number(at + 5, 2), day = number(at + 8, 2);
    year -= month <= 2; /* years that begin in March end with the leap day */
    int64_t days = 365LL * year + year / 4 - year / 100 + year / 400;
    days += (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    days -= 730425; /* those of 2000-01-01 */
    int64_t zone = (number(at + 20, 2) * 60 + number(at + 23, 2)) * (at[19] == '-' ? -60 : 60);
    int64_t clock = number(at + 11, 2) * 3600 + number(at + 14, 2) * 60 + number(at + 17, 2);
    put(buffer, 8, 4);
    put(buffer, (days * 86400 + clock - zone) * 1000000, 8);
}

static void begin_array(Buffer *buffer, int type, int count) {
    buffer->length = 0;
    put(buffer, 1, 4); /* dimension */
    put(buffer, 0, 4); /* no NULL in it */
    put(buffer, type, 4);
    put(buffer, count, 4);
    put(buffer, 1, 4); /* index of the first */
}

#define COLUMN(column, type, rows, count, put_value, member)          \
    begin_array(&columns[column], type, count);                       \
    for (int i = 0; i < (count); i++) put_value(&columns[column], (rows)[i].member)

/* ---- Messages ---- */

static Text text_of(amqp_bytes_t bytes) { return (Text){bytes.bytes, bytes.len}; }

static int equal(Text text, const char *word) {
    return text.length == strlen(word) && !memcmp(text.at, word, text.length);
}

static void read_body(Event *event, Text body) {
    const char *at = body.at, *end = body.at + body.length;
    while ((at = memchr(at, '"', end - at))) {
        at++;
        const char *key_end = memchr(at, '"', end - at);
        if (!key_end) die("not JSON: %.*s", (int)body.length, body.at);
        Text key = {at, key_end - at};
        for (at = key_end + 1; at < end && (*at == ':' || *at == ' '); at++) {}
        int is_quoted = at < end && *at == '"';
        const char *start = at += is_quoted;
        while (at < end && !(is_quoted ? *at == '"' : *at == ',' || *at == '}')) at++;
        Text value = {start, at - start};
        at += is_quoted;
        if (equal(key, "car_id")) event->car_id = value;
        else if (equal(key, "make")) event->make = value;
        else if (equal(key, "model")) event->model = value;
        else if (equal(key, "year")) event->year = value;
        else if (equal(key, "price_mxn")) event->price = value;
        else if (equal(key, "occurred_at")) event->occurred_at = value;
    }
}

static void read_event(Event *event, const amqp_message_t *message) {
    memset(event, 0, sizeof *event);
    event->source = text_of(message->properties.app_id);
    event->message_id = text_of(message->properties.message_id);
    event->type = text_of(message->properties.type);
    read_body(event, text_of(message->body));
}

/* ---- RabbitMQ ---- */

static void check(amqp_rpc_reply_t reply, const char *what) {
    if (reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION)
        die("%s: %s", what, amqp_error_string2(reply.library_error));
    if (reply.reply_type != AMQP_RESPONSE_NORMAL) die("%s: refused by RabbitMQ", what);
}

static void consume(char *url) {
    struct amqp_connection_info to;
    if (amqp_parse_url(url, &to)) die("RABBITMQ_URL cannot be read");
    rabbitmq = amqp_new_connection();
    int status = amqp_socket_open(amqp_tcp_socket_new(rabbitmq), to.host, to.port);
    if (status) die("connecting to RabbitMQ: %s", amqp_error_string2(status));
    check(amqp_login(rabbitmq, to.vhost, 0, AMQP_DEFAULT_FRAME_SIZE, 0, AMQP_SASL_METHOD_PLAIN,
                     to.user, to.password), "login");
    amqp_channel_open(rabbitmq, CHANNEL);
    check(amqp_get_rpc_reply(rabbitmq), "channel");
    amqp_basic_qos(rabbitmq, CHANNEL, 0, PREFETCH, 0);
    check(amqp_get_rpc_reply(rabbitmq), "prefetch");
    amqp_basic_consume(rabbitmq, CHANNEL, amqp_cstring_bytes("inventory-worker"),
                       amqp_empty_bytes, 0, 0, 0, amqp_empty_table);
    check(amqp_get_rpc_reply(rabbitmq), "consume");
}

static int64_t microseconds(void) {
    struct timeval now;
    gettimeofday(&now, NULL);
    return now.tv_sec * 1000000LL + now.tv_usec;
}

/* A full batch, or what comes within the linger after its first message. */
static int take(void) {
    int64_t until = 0;
    int count = 0;
    amqp_maybe_release_buffers(rabbitmq);
    while (count < BATCH) {
        int64_t left = until - microseconds();
        struct timeval wait = {0, left > 0 ? left : 0};
        amqp_rpc_reply_t reply =
            amqp_consume_message(rabbitmq, &envelopes[count], count ? &wait : NULL, 0);
        if (count && reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION &&
            reply.library_error == AMQP_STATUS_TIMEOUT)
            break;
        check(reply, "waiting for a message");
        if (!count++) until = microseconds() + LINGER_MICROSECONDS;
    }
    return count;
}

static void acknowledge(int count) {
    int status = amqp_basic_ack(rabbitmq, CHANNEL, envelopes[count - 1].delivery_tag, 1);
    if (status) die("acknowledging: %s", amqp_error_string2(status));
    for (int i = 0; i < count; i++) amqp_destroy_envelope(&envelopes[i]);
}

/* ---- PostgreSQL ---- */

static PGresult *expect(PGresult *result, ExecStatusType status) {
    if (PQresultStatus(result) != status) die("PostgreSQL: %s", PQerrorMessage(postgres));
    return result;
}

static void execute(const char *sql) { PQclear(expect(PQexec(postgres, sql), PGRES_COMMAND_OK)); }

static void prepare(const char *name, const char *sql) {
    PQclear(expect(PQprepare(postgres, name, sql, 0, NULL), PGRES_COMMAND_OK));
}

static PGresult *execute_prepared(const char *name, int count, ExecStatusType status) {
    const char *values[10];
    int lengths[10], formats[10];
    for (int i = 0; i < count; i++) {
        values[i] = columns[i].at;
        lengths[i] = (int)columns[i].length;
        formats[i] = 1; /* binary */
    }
    return expect(PQexecPrepared(postgres, name, count, values, lengths, formats, 1), status);
}

static PGresult *record(int count) {
    COLUMN(0, TEXT, events, count, put_text, source);
    COLUMN(1, TEXT, events, count, put_text, message_id);
    COLUMN(2, TEXT, events, count, put_text, type);
    COLUMN(3, TEXT, events, count, put_text, car_id);
    return execute_prepared("record", 4, PGRES_TUPLES_OK);
}

static void create(int count) {
    COLUMN(0, TEXT, created, count, put_text, car_id);
    COLUMN(1, TEXT, created, count, put_text, make);
    COLUMN(2, TEXT, created, count, put_text, model);
    COLUMN(3, TEXT, created, count, put_casefolded, make);
    COLUMN(4, TEXT, created, count, put_casefolded, model);
    COLUMN(5, INT4, created, count, put_integer, year);
    COLUMN(6, NUMERIC, created, count, put_price, price);
    COLUMN(7, TIMESTAMPTZ, created, count, put_time, occurred_at);
    COLUMN(8, TEXT, created, count, put_text, source);
    COLUMN(9, TEXT, created, count, put_text, message_id);
    PQclear(execute_prepared("create", 10, PGRES_COMMAND_OK));
}

static void change(int count) {
    COLUMN(0, TEXT, changed, count, put_text, car_id);
    COLUMN(1, NUMERIC, changed, count, put_price, price);
    COLUMN(2, TIMESTAMPTZ, changed, count, put_time, occurred_at);
    COLUMN(3, TEXT, changed, count, put_text, source);
    COLUMN(4, TEXT, changed, count, put_text, message_id);
    PQclear(execute_prepared("change", 5, PGRES_COMMAND_OK));
}

static void apply(int count) {
    int creations = 0, changes = 0, new_ids = 0;
    for (int i = 0; i < count; i++) read_event(&events[i], &envelopes[i].message);
    execute("BEGIN");
    PGresult *recorded = record(count); /* the ids that are new, in the order of the batch */
    for (int i = 0; i < count && new_ids < PQntuples(recorded); i++) {
        Text id = {PQgetvalue(recorded, new_ids, 0), PQgetlength(recorded, new_ids, 0)};
        Text sent = events[i].message_id;
        if (id.length != sent.length || memcmp(id.at, sent.at, id.length)) continue;
        new_ids++;
        if (events[i].make.at) created[creations++] = events[i];
        else changed[changes++] = events[i];
    }
    PQclear(recorded);
    if (creations) create(creations);
    if (changes) change(changes);
    execute("COMMIT");
}

int main(void) {
    postgres = PQconnectdb(getenv("DATABASE_URL"));
    if (PQstatus(postgres) != CONNECTION_OK) die("PostgreSQL: %s", PQerrorMessage(postgres));
    prepare("record", RECORD_MANY);
    prepare("create", CREATE_MANY);
    prepare("change", CHANGE_MANY);
    consume(getenv("RABBITMQ_URL"));
    for (;;) {
        int count = take();
        apply(count);
        acknowledge(count);
    }
}
