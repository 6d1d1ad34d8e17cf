/* test_html.c - the HTML report of a made-up run: states, empty parts, hostile text in every field,
 * bounds
 *
 * Whether the page is well-formed, and what a browser makes of it, is seen by tests/html_report.py
 * and tests/html_browser.py. */
#include "test.h"

#include "output/writers.h"
#include "output_fixture.h"

enum { PAGE_MAX = 8 << 20, MANY = 3000 };

static struct outbuf page_of(const struct fixture *f, const struct alert *const *incidents,
                             unsigned count)
{
    struct outbuf out;

    outbuf_init(&out, PAGE_MAX);
    html_writer.summary(&f->run, &f->summary, incidents, count, &out);
    CHECK(!out.overflow);
    return out;
}

static struct outbuf page(const struct fixture *f)
{
    return page_of(f, f->incidents, 4);
}

static bool has(const struct outbuf *out, const char *text)
{
    return slice_has(outbuf_slice(out), slice_of(text));
}

static void check_has(const struct outbuf *out, const char *text)
{
    if (!has(out, text)) {
        test_fail(__FILE__, __LINE__, "in the page:");
        printf("#   %s\n", text);
    }
}

static void test_whole(void)
{
    static const char *const parts[] = {
        "<header class=\"answer yes\">",
        "<h1>mx1.example.net relayed mail of 4 outside clients without a login",
        "<p class=\"state\">Relay: Yes</p>",
        "87 of 100",
        "<h2 id=\"timeline\">",
        "Counted per 10 min",
        "None seen: refused at the door, recipients bounced, logins failed.",
        "<details class=\"incident critical\" open>",
        "<div class=\"body\" id=\"i4\">",
        "<a href=\"#do-RW-HARVEST\">what to do</a>",
        "id=\"do-RW-HARVEST\"",
        "recipient domains <b>118</b>",
        "and 55 more",
        "mail.log</bdi>:4711",
        "status=sent (250 2.0.0 OK)",
        "1.8 MB",
        "98%",
        ("relaywatch --local-domain example.net \\\n  --local-domain example.org \\\n  --trusted "
         "192.0.2.0/24"),
        "<span class=\"result fail\">FAIL</span>",
        "relaywatch 0.9.0",
        ("<small class=\"caught\">bot: <bdi>HELO is a random name</bdi> <abbr title=\"HELO is "
         "another host&#39;s address\">+1</abbr></small>"),
    };
    struct fixture *f = fixture_new();
    struct outbuf out = page(f);

    CHECK(html_writer.whole);
    CHECK(slice_starts(outbuf_slice(&out), SLICE_LIT("<!DOCTYPE html>\n")));
    CHECK(slice_ends(outbuf_slice(&out), SLICE_LIT("</html>\n")));
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        check_has(&out, parts[i]);
    outbuf_fini(&out);
    free(f);
}

static void test_head(void)
{
    static const struct {
        enum verdict_state relay, account;
        bool blind;
        const char *head;
    } heads[] = {
        {VERDICT_NO, VERDICT_NO, false, "answer no\">"},
        {VERDICT_NO, VERDICT_NO, true, "answer blind\">"},
        {VERDICT_ATTEMPTED, VERDICT_NO, false, "answer tried\">"},
        {VERDICT_EXPOSED, VERDICT_ATTEMPTED, false, "answer open\">"},
        {VERDICT_ATTEMPTED, VERDICT_YES, false, "Account: Yes</p>"},
        {VERDICT_YES, VERDICT_YES, false, "Relay: Yes</p>"},
    };
    struct fixture *f = fixture_new();

    f->summary.verdict[TOPIC_VICTIM].state = VERDICT_NO;
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        f->summary.verdict[TOPIC_RELAY].state = heads[i].relay;
        f->summary.verdict[TOPIC_RELAY].no_evidence = heads[i].blind;
        f->summary.verdict[TOPIC_ACCOUNT].state = heads[i].account;
        struct outbuf out = page(f);
        check_has(&out, heads[i].head);
        CHECK(has(&out, "id=\"todo\"") == (heads[i].relay + heads[i].account > 0));
        outbuf_fini(&out);
    }
    free(f);
}

/* A run that saw nothing: no heading without a section below it, no link to what is not there. */
static void test_empty(void)
{
    struct fixture *f = calloc(1, sizeof *f);

    f->summary.coverage.zones = ZONES_MISSING;
    struct outbuf out = page_of(f, NULL, 0);

    check_has(&out, "<p>None.</p>");
    check_has(&out, "none were given and none could be learnt");
    CHECK(!has(&out, "#timeline") && !has(&out, "#cases") && !has(&out, "#places"));
    CHECK(!has(&out, "#scorecard") && !has(&out, "nan") && !has(&out, "(null)"));
    outbuf_fini(&out);
    free(f);
}

/* Bytes that would be markup in an element, in an attribute, or would move the text around. */
static void spoil(char *field, size_t size)
{
    static const char bytes[] = "<q>\"q='\x1b\xe2\x80\xae\xff</q>";
    for (size_t i = 0; i + 1 < size; i++)
        field[i] = bytes[i % (sizeof bytes - 1)];
    field[size - 1] = '\0';
}

#define SPOIL(field) spoil(field, sizeof(field))

static void spoil_alert(struct alert *a)
{
    SPOIL(a->entity);
    SPOIL(a->reason);
    SPOIL(a->how);
    SPOIL(a->client_name);
    SPOIL(a->place.country);
    SPOIL(a->place.country_name);
    SPOIL(a->place.city_name);
    SPOIL(a->place.as_name);
    a->place.as_number = 64496;
    a->samples_count = ALERT_SAMPLES_MAX;
    for (unsigned i = 0; i < ALERT_SAMPLES_MAX; i++) {
        SPOIL(a->samples[i].text);
        SPOIL(a->samples[i].source);
    }
}

static void spoil_servers(struct summary *s, struct server_row rows[3])
{
    fixture_servers(s, rows);
    for (unsigned i = 0; i < 3; i++) {
        SPOIL(rows[i].host);
        SPOIL(rows[i].source);
        SPOIL(rows[i].mta);
        SPOIL(rows[i].relay.by[0].value);
    }
}

static void spoil_summary(struct fixture *f)
{
    struct summary *s = &f->summary;
    for (unsigned i = 0; i < TOPIC_COUNT; i++) {
        struct verdict *v = &s->verdict[i];
        v->state = VERDICT_YES;
        v->by_count = v->by_total = 1;
        v->how_count = 1;
        SPOIL(v->by[0].value);
        SPOIL(v->by[0].name);
        SPOIL(v->how[0]);
        SPOIL(v->sentence);
        SPOIL(v->tester);
    }
    SPOIL(f->clients[0].key);
    SPOIL(f->clients[0].name);
    SPOIL(f->clients[0].place.country);
    SPOIL(s->coverage.server_host);
    SPOIL(s->coverage.learnt_domains[0]);
    SPOIL(s->coverage.learnt_networks[0]);
    SPOIL(s->scorecard[0].evidence);
    SPOIL(f->cases[0].story);
    s->places.countries_count = s->places.networks_count = 1;
    SPOIL(s->places.countries[0].name);
    SPOIL(s->places.networks[0].name);
    for (unsigned i = 0; i < 8; i++)
        SPOIL(f->related[i].value);
}

static void test_hostile(void)
{
    static struct server_row rows[3];
    struct fixture *f = fixture_new();
    for (unsigned i = 0; i < 4; i++)
        spoil_alert(&f->alerts[i]);
    spoil_summary(f);
    spoil_servers(&f->summary, rows);
    f->alerts[0].related = f->related;
    f->alerts[0].related_count = 8;
    struct outbuf out = page(f);

    check_has(&out, "&lt;q&gt;&quot;q=&#39;<b class=\"x\">\\x1b</b><b class=\"x\">\\u202e</b>"
                    "<b class=\"x\">\\xff</b>&lt;/q&gt;");
    CHECK(!has(&out, "<q>") && !has(&out, "\"q=") && !has(&out, "</q>") && !has(&out, "\x1b"));
    CHECK(!has(&out, "\xe2\x80\xae") && !has(&out, "\xff"));
    outbuf_fini(&out);
    free(f);
}

static void test_servers(void)
{
    static struct server_row rows[3];
    struct fixture *f = fixture_new();
    fixture_servers(&f->summary, rows);
    struct outbuf out = page(f);

    check_has(&out, "<a href=\"#servers\">");
    check_has(&out, "<bdi>mx1.example.net</bdi></th><td><bdi>postfix</bdi></td><td><b>Yes</b>");
    check_has(&out, "<bdi>/var/log/exim4</bdi></th><td><bdi>exim</bdi></td><td><b>Attempted</b>"
                    "</td><td><b>Yes</b></td><td>No</td>");
    check_has(&out, "<th scope=\"row\">7 more</th>");
    outbuf_fini(&out);
    f->summary.servers_count = 1;
    out = page(f);
    CHECK(!has(&out, "id=\"servers\""));
    outbuf_fini(&out);
    free(f);
}

/* Countries with incidents, with attempts only, with mail only, too small for a shape, unknown. */
static void test_world(void)
{
    static const struct place_row rows[] = {
        {.country = "VN", .name = "Viet Nam", .incidents = 2, .worst = SEVERITY_HIGH, .denied = 80},
        {.country = "SG", .name = "Singapore", .incidents = 1, .worst = SEVERITY_LOW},
        {.country = "BR", .name = "Brazil", .clients = 3, .denied = 15, .auth_failed = 5},
        {.country = "FR", .name = "Fran<ce\"", .recipients = 12},
        {.country = "ZZ", .name = "Nowhere", .incidents = 1},
    };
    struct fixture *f = fixture_new();
    struct outbuf out = page(f);
    CHECK(!has(&out, "class=\"world\""));
    outbuf_fini(&out);
    memcpy(f->summary.places.countries, rows, sizeof rows);
    f->summary.places.countries_count = f->summary.places.countries_total = 5;
    out = page(f);
    check_has(&out, "Map of the world with 5 countries, as in the table. Worst first: Viet Nam, 2 "
                    "incidents, 80 attempts refused; Singapore, 1 incidents");
    check_has(&out, "<path class=\"land high\" d=\"M");
    check_has(&out, "<path class=\"land tried\" d=\"M");
    check_has(&out, "<path class=\"land mail\" d=\"M");
    check_has(&out, "r=\"22.0\"><title>Viet Nam: 2 incidents");
    check_has(&out, "r=\"11.0\"><title>Brazil: 0 incidents, 3 addresses, 20 attempts refused");
    check_has(&out, "<circle class=\"low\"");
    CHECK(!has(&out, "<circle class=\"mail\"") && !has(&out, "Fran<ce") && !has(&out, "ce\":"));
    check_has(&out, "dy=\".35em\" text-anchor=\"middle\">VN</text>");
    check_has(&out, "1 in the table that the map does not know");
    check_has(&out, "<li class=\"high\">worst incident: high</li>");
    CHECK(!has(&out, "<li class=\"critical\">worst incident"));
    outbuf_fini(&out);
    free(f);
}

static void test_many(void)
{
    static const struct alert *many[MANY];
    struct fixture *f = fixture_new();

    for (unsigned i = 0; i < MANY; i++)
        many[i] = &f->alerts[0];
    spoil_alert(&f->alerts[0]);
    struct outbuf out = page_of(f, many, MANY);
    CHECK(out.len > 400 << 10 && out.len < 600 << 10);
    check_has(&out, "more: see the JSON output.");
    check_has(&out, "<p class=\"incident row critical\"");
    outbuf_fini(&out);
    free(f);
}

static const struct test_case cases[] = {
    {"the page has all parts", test_whole},
    {"the head is the worst verdict", test_head},
    {"a run that saw nothing has a page without empty parts", test_empty},
    {"nothing in any field is markup", test_hostile},
    {"several servers are a table, one is none", test_servers},
    {"countries are on a map, each by what came from it", test_world},
    {"thousands of incidents do not make a page of any size", test_many},
};

TEST_MAIN(cases)
