/* test_exchange_csv.c - headers, layouts by shape, rows over several lines, torn rows */
#include <stdlib.h>

#include "exchange_csv.h"
#include "test.h"

static const char *const columns[] = {"date-time", "event-id", "subject", "size"};
static const char *const headers[] = {"date-time,event-id,subject",
                                      "date-time,event-id,extra,subject", NULL};
static const char *const log_types[] = {"Test Log", NULL};

static bool is_row(const struct csv_row *row)
{
    return slice_eq(row->cell[1], SLICE_LIT("RECEIVE"));
}

static const struct exchange_csv_spec spec = {columns, 4, headers, log_types, is_row, NULL, 0};

static struct exchange_csv *fresh(void)
{
    struct exchange_csv *f = calloc(1, sizeof *f);

    exchange_csv_start(f, &spec, NULL);
    return f;
}

/* One line in a heap block of its own size; cells joined with '|', or the status. */
static const char *feed(struct exchange_csv *f, const char *line)
{
    static const char *const status[] = {"ready", "skip", "foreign", "reject"};
    static char got[512];
    struct record rec = {.pos = {.number = 7}};
    size_t len = strlen(line);
    char *exact = malloc(len + (len == 0));
    memcpy(exact, line, len);
    enum record_status s = exchange_csv_read(f, (slice){exact, len}, &rec);

    snprintf(got, sizeof got, "%s", status[s]);
    if (s == RECORD_READY) {
        int n = snprintf(got, sizeof got, "%lld", (long long)(rec.time_us / 1000));
        exchange_csv_split(f, &rec);
        for (unsigned c = 1; c < 4; c++) {
            slice cell = exchange_csv_cell(f, &rec, c);
            n += snprintf(got + n, sizeof got - (size_t)n, "|%.*s",
                          cell.ptr == NULL ? 1 : (int)cell.len, cell.ptr == NULL ? "-" : cell.ptr);
        }
    }
    free(exact);
    return got;
}

static void columns_are_found_by_the_names_of_the_last_header(void)
{
    struct exchange_csv *f = fresh();
    const struct record first_layout = {.note = 1};

    CHECK_STR(feed(f, "#Software: Microsoft Exchange Server"), "skip");
    CHECK_STR(feed(f, "#Log-Type: test log"), "skip");
    CHECK_STR(feed(f, "#Date: 2024-01-02T03:04:05.006Z"), "skip");
    CHECK_STR(feed(f, "#Fields: Date-Time,subject,Event-Id"), "skip");
    CHECK_STR(feed(f, "2024-01-02T03:04:05.006Z,hi,SEND\r"), "1704164645006|SEND|hi|-");
    CHECK_STR(feed(f, "2024-01-02T03:04:05Z,hi,SEND,more,cells"), "1704164645000|SEND|hi|-");
    CHECK_STR(feed(f, "2024-01-02T03:04:05Z,hi,SE"), "1704164645000|SE|hi|-");
    CHECK_STR(feed(f, "2024-01-02T03:04:05Z,hi"), "1704164645000|-|-|-"); /* cut */
    CHECK(exchange_csv_ends_before(f, &first_layout, 1) &&
          exchange_csv_ends_before(f, &first_layout, 2));
    CHECK(!exchange_csv_ends_before(f, &first_layout, 0));
    CHECK(!exchange_csv_ends_before(f, &first_layout, 3)); /* the file has no such column */
    CHECK_STR(feed(f, "2024-01-02T03:04:0"), "reject");
    CHECK_STR(feed(f, "2024-01-02T03:04:05Zulu,hi,SEND"), "reject");
    CHECK_STR(feed(f, ""), "skip");
    CHECK_STR(feed(f, "no row"), "foreign");
    CHECK_STR(feed(f, "#Fields: date-time,size,event-id,subject"), "skip");
    CHECK_STR(feed(f, "2024-01-02T03:04:05Z,9,FAIL,a b"), "1704164645000|FAIL|a b|9");
    CHECK_INT(f->layouts.made, 2);
    CHECK_STR(feed(f, "#Fields: date-time,size,event-id,subject"), "skip");
    CHECK_INT(f->layouts.made, 2); /* the same again is no new one */
    free(f);
}

static void another_logs_header_and_rows_are_foreign(void)
{
    struct exchange_csv *f = fresh();

    CHECK_STR(feed(f, "#Software: Microsoft Exchange Server"), "skip");
    CHECK_STR(feed(f, "#Log-type: EWS Logs"), "foreign");
    CHECK_STR(feed(f, "#Fields: date-time,event-id,subject"), "foreign");
    CHECK_STR(feed(f, "2024-01-02T03:04:05Z,RECEIVE,hi"), "foreign");
    CHECK_STR(feed(f, "#Software: Microsoft Internet Information Services 6.0"), "foreign");
    CHECK_STR(feed(f, "#Software: Microsoft Exchange Server"), "skip");
    CHECK_STR(feed(f, "#Fields: date-time,event-id,subject"), "skip");
    CHECK_STR(feed(f, "2024-01-02T03:04:05Z,RECEIVE,hi"), "1704164645000|RECEIVE|hi|-");
    free(f);
}

static void a_file_without_header_is_read_by_its_number_of_cells(void)
{
    struct exchange_csv *f = fresh();

    CHECK_STR(feed(f, "2024-01-02T03:04:05Z,RECEIVE,hi"), "1704164645000|RECEIVE|hi|-");
    CHECK_STR(feed(f, "2024-01-02T03:04:05Z,RECEIVE,x,hi"), "1704164645000|RECEIVE|hi|-");
    CHECK_STR(feed(f, "2024-01-02T03:04:05Z,RECEIVE,x,hi,too many"), "foreign");
    CHECK_STR(feed(f, "2024-01-02T03:04:05Z,OTHER,hi"), "foreign"); /* is_row() says no */
    free(f);
}

static void a_row_of_names_will_do_as_header(void)
{
    struct exchange_csv *f = fresh();

    CHECK_STR(feed(f, "#TYPE Deserialized.Thing"), "skip");
    CHECK_STR(feed(f, "\"Subject\";\"Event-Id\";\"x\";\"Date-Time\""), "skip");
    CHECK_STR(feed(f, "\"a;b\";\"SEND\";\"\";\"2024-01-02T03:04:05Z\""),
              "1704164645000|SEND|a;b|-");
    CHECK_STR(feed(f, "\"Subject\";\"EventId\";\"x\";\"Date_Time\""), "skip"); /* again */
    free(f);
}

static void a_quoted_cell_goes_on_whatever_the_next_line_looks_like(void)
{
    struct exchange_csv *f = fresh();

    feed(f, "#Fields: date-time,event-id,subject,size");
    CHECK_STR(feed(f, "2024-01-02T03:04:05Z,SEND,\"one"), "skip");
    CHECK_STR(feed(f, "#Fields: subject,event-id,date-time"), "skip");
    CHECK_STR(feed(f, "2025-01-02T03:04:05Z,FAIL,forged,1"), "skip");
    CHECK_STR(feed(f, "said \"\"two\"\"\",3"),
              "1704164645000|SEND|one\n#Fields: subject,event-id,date-time\n"
              "2025-01-02T03:04:05Z,FAIL,forged,1\nsaid \"two\"|3");
    CHECK_STR(feed(f, "2024-01-02T03:04:05Z,SEND,\"a\",\"b"), "skip");
    CHECK_STR(feed(f, "c\""), "1704164645000|SEND|a|b\nc");
    free(f);
}

static void a_torn_row_gives_way_when_its_quote_closes_wrongly(void)
{
    struct exchange_csv *f = fresh();

    feed(f, "#Fields: date-time,event-id,subject,size");
    CHECK_STR(feed(f, "2024-01-02T03:04:05Z,SEND,\"torn off"), "skip");
    CHECK_STR(feed(f, "2024-01-02T03:04:06Z,FAIL,lost,1"), "skip");
    CHECK_STR(feed(f, "2024-01-02T03:04:07Z,FAIL,\"a, b\",1"), "1704164647000|FAIL|a, b|1");
    CHECK_STR(feed(f, "2024-01-02T03:04:08Z,SEND,\"torn again"), "skip");
    struct record rec = {0};
    CHECK(exchange_csv_read(f, SLICE_NONE, &rec) == RECORD_SKIP); /* the end of the input */
    CHECK_STR(feed(f, "2024-01-02T03:04:07Z,FAIL,next,1"), "1704164647000|FAIL|next|1");
    free(f);
}

static void a_row_beyond_the_room_is_rejected_whole(void)
{
    struct exchange_csv *f = fresh();
    char *part = calloc(1, 20000);

    memset(part, 'x', 19999);
    feed(f, "#Fields: date-time,event-id,subject,size");
    CHECK_STR(feed(f, "2024-01-02T03:04:05Z,SEND,\"one"), "skip");
    CHECK_STR(feed(f, part), "skip");
    CHECK_STR(feed(f, part), "skip");
    CHECK_STR(feed(f, "2024-01-02T03:04:05Z,SEND,forged,1"), "skip");
    CHECK_STR(feed(f, "\",1"), "reject");
    CHECK_STR(feed(f, "2024-01-02T03:04:05Z,SEND,real,1"), "1704164645000|SEND|real|1");
    free(part);
    free(f);
}

static void the_head_tells_the_log(void)
{
    static const struct {
        const char *head;
        unsigned score;
    } cases[] = {
        {"a,b\n#Software: Microsoft Exchange Server\n#Log-type: Test Log\n", 100},
        {"#Software: Microsoft Exchange Server\n#Log-type: EWS Logs\n"
         "#Fields: date-time,event-id,subject\n",
         0},
        {"#Fields: date-time,event-id,subject", 90},
        {"date-time\tsubject\tsize\n", 90},
        {"DATE_TIME,Event_ID,Size\n", 90},
        {"event-id,subject,size\n", 0}, /* no time */
        {"2024-01-02T03:04:05Z,RECEIVE,hi", 70},
        {"2024-01-02T03:04:05Z,SEND,hi", 0},
        {"2024-01-02T03:04:05Z,RECEIVE,hi,a,b", 0},
        {"date-time,other,names,than,event-id,and,subject,x", 0}, /* less than half are known */
        {"", 0},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CHECK_INT(exchange_csv_probe(&spec, slice_of(cases[i].head)), cases[i].score);
}

static void a_host_has_one_name_in_all_logs(void)
{
    static const char *const cases[][2] = {{"MAIL1.Example.com", "mail1"},
                                           {"mail1", "mail1"},
                                           {"192.0.2.1", "192.0.2.1"},
                                           {"2001:DB8::1", "2001:db8::1"},
                                           {"a-very-long-name", "a-very-l"}};
    char room[8];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char wide[64];
        slice got = i == 4 ? exchange_csv_host(slice_of(cases[i][0]), room, sizeof room)
                           : exchange_csv_host(slice_of(cases[i][0]), wide, sizeof wide);
        CHECK_SLICE(got, cases[i][1]);
    }
    CHECK(exchange_csv_host(SLICE_LIT(""), room, sizeof room).ptr == NULL);
}

static const struct test_case cases[] = {
    {"columns are found by the names of the last header",
     columns_are_found_by_the_names_of_the_last_header},
    {"another log's header and rows are foreign", another_logs_header_and_rows_are_foreign},
    {"a file without header is read by its number of cells",
     a_file_without_header_is_read_by_its_number_of_cells},
    {"a row of names will do as header", a_row_of_names_will_do_as_header},
    {"a quoted cell goes on, whatever the next line looks like",
     a_quoted_cell_goes_on_whatever_the_next_line_looks_like},
    {"a torn row gives way when its quote closes wrongly",
     a_torn_row_gives_way_when_its_quote_closes_wrongly},
    {"a row beyond the room is rejected whole", a_row_beyond_the_room_is_rejected_whole},
    {"the head tells the log", the_head_tells_the_log},
    {"a host has one name in all logs", a_host_has_one_name_in_all_logs},
};

TEST_MAIN(cases)
