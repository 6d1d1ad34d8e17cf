/* scenario_where.c - conditions as a tree of nodes in one pool
 * algorithm: a node that has children is followed by them; `next` leads to its next sibling, so
 *            that the tree is walked without pointers to follow for the common case
 * source:    the shape of MongoDB's and Sigma's selections: members are "and", lists are "or"
 * limits:    those of scenario_where.h; depth is bounded by that of the file; "contains" looks at
 * the first CONTAINS_BYTES_MAX bytes of a text */
#include "detect/scenario_where.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/panic.h"

enum { CONTAINS_BYTES_MAX = 2048 };

enum node_op {
    NODE_ALL,
    NODE_ANY,
    NODE_NOT,    /* of its only child */
    NODE_EQUALS, /* leaves from here */
    NODE_PREFIX,
    NODE_SUFFIX,
    NODE_CONTAINS,
    NODE_DOMAIN, /* it or a domain below it */
    NODE_WORDS,
    NODE_RANGE,
    NODE_NETS,
    NODE_EXISTS
};

struct scenario_where {
    enum node_op op;
    enum fact fact;
    uint32_t words;            /* WORDS: any of them; EXISTS: 0 or 1 */
    const slice *texts;        /* of count */
    const struct ip_net *nets; /* of count */
    unsigned count;            /* of values; of children, where there are any */
    unsigned size;             /* nodes of this one with all below it */
    double min, max;
    const char *label; /* the member's name in the file; NULL within a list */
};

void where_pools_new(struct scenario_set *set)
{
    set->nodes = panic_calloc(SCENARIO_NODES_MAX, sizeof *set->nodes);
    set->texts = panic_calloc(SCENARIO_TEXTS_MAX, sizeof *set->texts);
    set->nets = panic_calloc(SCENARIO_NETS_MAX, sizeof *set->nets);
}

void where_pools_free(struct scenario_set *set)
{
    free(set->nodes);
    free(set->texts);
    free(set->nets);
}

/* ---- compiling ---- */

struct compiler {
    struct scenario_set *set;
    const struct signature_entry *entry;
    const char *name; /* "where" */
    uint32_t kinds;
    struct error *reterr;
};

static bool build_object(struct compiler *c, const cJSON *object, const char *label);

static bool wrong(struct compiler *c, const char *member, const char *what)
{
    return signature_entry_error(c->entry, c->reterr, "\"%s\": \"%.40s\" %s", c->name, member,
                                 what);
}

static struct scenario_where *new_node(struct compiler *c, enum node_op op, enum fact fact,
                                       const char *label)
{
    struct scenario_where *n;

    if (c->set->nodes_count == SCENARIO_NODES_MAX) {
        signature_entry_error(c->entry, c->reterr,
                              "all scenarios together have more than %d "
                              "conditions",
                              SCENARIO_NODES_MAX);
        return NULL;
    }
    n = &c->set->nodes[c->set->nodes_count++];
    *n = (struct scenario_where){.op = op, .fact = fact, .label = label, .size = 1};
    return n;
}

static void close_node(struct compiler *c, struct scenario_where *n)
{
    n->size = (unsigned)(&c->set->nodes[c->set->nodes_count] - n);
}

/* The values of a comparison: one, or those of a list. */
static const cJSON *first_value(const cJSON *value)
{
    return cJSON_IsArray(value) ? value->child : value;
}

static const cJSON *next_value(const cJSON *list, const cJSON *value)
{
    return list == value ? NULL : value->next;
}

static bool check_values(struct compiler *c, const cJSON *value)
{
    if (cJSON_IsArray(value) &&
        (value->child == NULL || cJSON_GetArraySize(value) > SCENARIO_VALUES_MAX))
        return wrong(c, value->string, "must have 1 to 256 values");
    return true;
}

static bool take_texts(struct compiler *c, struct scenario_where *n, const cJSON *value,
                       const char *member)
{
    n->texts = &c->set->texts[c->set->texts_count];
    for (const cJSON *v = first_value(value); v != NULL; v = next_value(value, v)) {
        slice text = slice_of(cJSON_GetStringValue(v));
        if (text.ptr == NULL || text.len > SIGNATURE_TEXT_MAX)
            return wrong(c, member, "must be a text of at most 500 bytes, or a list of them");
        if (text.len == 0 && n->op != NODE_EQUALS)
            return wrong(c, member, "must not be empty");
        if (c->set->texts_count == SCENARIO_TEXTS_MAX)
            return wrong(c, member,
                         "is too much: all scenarios together have more than 16384 "
                         "texts");
        c->set->texts[c->set->texts_count++] = text;
        n->count++;
    }
    return true;
}

static bool word_error(struct compiler *c, enum fact fact, const char *member, const char *given)
{
    char allowed[320] = "";
    size_t used = 0;
    const char *word;

    for (unsigned i = 0; used < sizeof allowed && (word = fact_word(fact, i)) != NULL; i++)
        if (word[0] != '\0')
            used += (size_t)snprintf(allowed + used, sizeof allowed - used, "%s%s",
                                     used == 0 ? "" : ", ", word);
    return signature_entry_error(c->entry, c->reterr, "\"%s\": \"%.40s\" is %s%.40s%s; allowed: %s",
                                 c->name, member, given == NULL ? "no text" : "\"",
                                 given == NULL ? "" : given, given == NULL ? "" : "\"", allowed);
}

static bool take_words(struct compiler *c, struct scenario_where *n, const cJSON *value,
                       const char *member)
{
    n->op = NODE_WORDS;
    for (const cJSON *v = first_value(value); v != NULL; v = next_value(value, v)) {
        const char *given = cJSON_GetStringValue(v), *word;
        unsigned i = 0;
        while ((word = fact_word(n->fact, i)) != NULL &&
               (given == NULL || word[0] == '\0' || strcmp(word, given) != 0))
            i++;
        if (word == NULL)
            return word_error(c, n->fact, member, given);
        n->words |= 1U << i;
    }
    return true;
}

static bool take_nets(struct compiler *c, struct scenario_where *n, const cJSON *value,
                      const char *member)
{
    n->op = NODE_NETS;
    n->nets = &c->set->nets[c->set->nets_count];
    for (const cJSON *v = first_value(value); v != NULL; v = next_value(value, v)) {
        slice text = slice_of(cJSON_GetStringValue(v));
        if (c->set->nets_count == SCENARIO_NETS_MAX)
            return wrong(c, member,
                         "is too much: all scenarios together name more than 4096 "
                         "networks");
        if (text.ptr == NULL || !ip_net_parse(text, &c->set->nets[c->set->nets_count]))
            return wrong(c, member,
                         "must be an address or a network such as \"192.0.2.0/24\", or "
                         "a list of them");
        c->set->nets_count++;
        n->count++;
    }
    return true;
}

/* One number is a range of its own; a list is several. */
static bool take_numbers(struct compiler *c, const cJSON *value, enum fact fact, const char *label)
{
    struct scenario_where *list = new_node(c, NODE_ANY, FACT_NONE, label);

    if (list == NULL)
        return false;
    for (const cJSON *v = first_value(value); v != NULL; v = next_value(value, v)) {
        struct scenario_where *n = new_node(c, NODE_RANGE, fact, NULL);
        if (n == NULL)
            return false;
        if (!cJSON_IsNumber(v))
            return wrong(c, label,
                         "must be a number, a list of them, or {\"min\": .., \"max\": "
                         "..}");
        n->min = n->max = v->valuedouble;
        list->count++;
    }
    close_node(c, list);
    return true;
}

static bool take_flag(struct compiler *c, struct scenario_where *n, const cJSON *value,
                      const char *member)
{
    if (!cJSON_IsBool(value))
        return wrong(c, member, "must be true or false");
    n->words = cJSON_IsTrue(value) ? 1 : 0;
    return true;
}

static bool build_values(struct compiler *c, const cJSON *value, enum fact fact, const char *label)
{
    struct scenario_where *n;

    if (!check_values(c, value))
        return false;
    if (fact_type(fact) == FACT_TYPE_NUMBER)
        return take_numbers(c, value, fact, label);
    if ((n = new_node(c, NODE_EQUALS, fact, label)) == NULL)
        return false;
    switch (fact_type(fact)) {
    case FACT_TYPE_ADDRESS:
        return take_nets(c, n, value, label);
    case FACT_TYPE_FLAG:
        n->op = NODE_WORDS;
        return take_flag(c, n, value, label);
    case FACT_TYPE_TEXT:
        return take_texts(c, n, value, label);
    default:
        return take_words(c, n, value, label);
    }
}

static bool build_range(struct compiler *c, const cJSON *m, enum fact fact, const char *label)
{
    struct scenario_where *n = new_node(c, NODE_RANGE, fact, label);
    bool least = strcmp(m->string, "min") == 0;

    if (n == NULL)
        return false;
    if (!cJSON_IsNumber(m))
        return wrong(c, label, "has a \"min\" or \"max\" that is no number");
    n->min = least ? m->valuedouble : -1e300;
    n->max = least ? 1e300 : m->valuedouble;
    return true;
}

static bool build_not(struct compiler *c, const cJSON *m, enum fact fact, const char *label);

/* {"suffix": ".example"}: one comparison of a fact. */
static bool build_comparison(struct compiler *c, const cJSON *m, enum fact fact, const char *label)
{
    static const struct {
        const char *name;
        enum node_op op;
    } ops[] = {{"prefix", NODE_PREFIX},
               {"suffix", NODE_SUFFIX},
               {"contains", NODE_CONTAINS},
               {"domain", NODE_DOMAIN}};
    enum fact_type type = fact_type(fact);
    struct scenario_where *n;

    if (strcmp(m->string, "in") == 0)
        return build_values(c, m, fact, label);
    if (strcmp(m->string, "not") == 0)
        return build_not(c, m, fact, label);
    if (type == FACT_TYPE_NUMBER &&
        (strcmp(m->string, "min") == 0 || strcmp(m->string, "max") == 0))
        return build_range(c, m, fact, label);
    if (strcmp(m->string, "exists") == 0)
        return (n = new_node(c, NODE_EXISTS, fact, label)) != NULL && take_flag(c, n, m, label);
    for (size_t i = 0; type == FACT_TYPE_TEXT && i < sizeof ops / sizeof ops[0]; i++)
        if (strcmp(m->string, ops[i].name) == 0)
            return check_values(c, m) && (n = new_node(c, ops[i].op, fact, label)) != NULL &&
                   take_texts(c, n, m, label);
    return signature_entry_error(c->entry, c->reterr,
                                 "\"%s\": \"%.40s\" has no comparison \"%.40s\"; allowed: in, not, "
                                 "exists%s",
                                 c->name, label, m->string,
                                 type == FACT_TYPE_TEXT     ? ", prefix, suffix, contains, domain"
                                 : type == FACT_TYPE_NUMBER ? ", min, max"
                                                            : "");
}

static bool build_fact_value(struct compiler *c, const cJSON *m, enum fact fact, const char *label)
{
    struct scenario_where *all;

    if (!cJSON_IsObject(m))
        return build_values(c, m, fact, label);
    if ((all = new_node(c, NODE_ALL, FACT_NONE, label)) == NULL)
        return false;
    if (m->child == NULL)
        return wrong(c, label, "is an empty object {}");
    for (const cJSON *op = m->child; op != NULL; op = op->next, all->count++)
        if (!build_comparison(c, op, fact, label))
            return false;
    close_node(c, all);
    return true;
}

static bool build_not(struct compiler *c, const cJSON *m, enum fact fact, const char *label)
{
    struct scenario_where *n = new_node(c, NODE_NOT, FACT_NONE, label);

    if (n == NULL ||
        !(fact == FACT_NONE ? build_object(c, m, label) : build_fact_value(c, m, fact, label)))
        return false;
    n->count = 1;
    close_node(c, n);
    return true;
}

static bool build_list(struct compiler *c, const cJSON *m)
{
    struct scenario_where *n =
        new_node(c, strcmp(m->string, "any") == 0 ? NODE_ANY : NODE_ALL, FACT_NONE, m->string);

    if (n == NULL)
        return false;
    if (!cJSON_IsArray(m) || m->child == NULL)
        return wrong(c, m->string, "must be a list of conditions [{...}, ...]");
    for (const cJSON *item = m->child; item != NULL; item = item->next, n->count++)
        if (!build_object(c, item, m->string))
            return false;
    close_node(c, n);
    return true;
}

static bool fact_error(struct compiler *c, const char *name)
{
    char allowed[700] = "";
    size_t used = 0;

    for (unsigned i = FACT_NONE + 1; i < FACT_COUNT && used < sizeof allowed; i++)
        if (fact_kinds((enum fact)i) & c->kinds)
            used += (size_t)snprintf(allowed + used, sizeof allowed - used, "%s%s",
                                     used == 0 ? "" : ", ", fact_name((enum fact)i));
    return signature_entry_error(c->entry, c->reterr, "\"%s\": there is no \"%.40s\"; allowed: %s",
                                 c->name, name, allowed);
}

static bool kinds_error(struct compiler *c, enum fact fact)
{
    char kinds[300] = "";
    size_t used = 0;

    for (unsigned i = 0; i < EVENT_KIND_COUNT && used < sizeof kinds; i++)
        if (fact_kinds(fact) >> i & 1)
            used += (size_t)snprintf(kinds + used, sizeof kinds - used, "%s%s",
                                     used == 0 ? "" : ", ", event_kind_name((enum event_kind)i));
    return signature_entry_error(c->entry, c->reterr,
                                 "\"%s\": no event of these \"events\" has \"%s\"; it comes with: "
                                 "%s",
                                 c->name, fact_name(fact), kinds);
}

static bool build_member(struct compiler *c, const cJSON *m)
{
    enum fact fact;

    if (strcmp(m->string, "any") == 0 || strcmp(m->string, "all") == 0)
        return build_list(c, m);
    if (strcmp(m->string, "not") == 0)
        return build_not(c, m, FACT_NONE, m->string);
    fact = fact_find(slice_of(m->string));
    if (fact == FACT_NONE)
        return fact_error(c, m->string);
    if ((fact_kinds(fact) & c->kinds) == 0)
        return kinds_error(c, fact);
    return build_fact_value(c, m, fact, m->string);
}

static bool build_object(struct compiler *c, const cJSON *object, const char *label)
{
    struct scenario_where *all = new_node(c, NODE_ALL, FACT_NONE, label);

    if (all == NULL)
        return false;
    if (!cJSON_IsObject(object) || object->child == NULL)
        return signature_entry_error(c->entry, c->reterr,
                                     "\"%s\" must be conditions {\"fact\": value, ...}%s%.40s%s",
                                     c->name, label == NULL ? "" : ", in \"",
                                     label == NULL ? "" : label, label == NULL ? "" : "\" too");
    for (const cJSON *m = object->child; m != NULL; m = m->next, all->count++) {
        for (const cJSON *before = object->child; before != m; before = before->next)
            if (strcmp(before->string, m->string) == 0)
                return wrong(c, m->string, "stands there twice; say \"all\": [{...}, {...}]");
        if (!build_member(c, m))
            return false;
    }
    close_node(c, all);
    return true;
}

bool where_compile(struct scenario_set *set, const struct signature_entry *e, const cJSON *object,
                   const char *name, uint32_t kinds, const struct scenario_where **ret,
                   struct error *reterr)
{
    struct compiler c = {set, e, name, kinds, reterr};

    *ret = object == NULL ? NULL : &set->nodes[set->nodes_count];
    return object == NULL || build_object(&c, object, NULL);
}

/* ---- asking ---- */

static bool ends_in_domain(slice text, slice domain)
{
    size_t n = text.len - domain.len;

    if (text.len < domain.len || !slice_ieq(slice_from(text, n), domain))
        return false;
    return n == 0 || text.ptr[n - 1] == '.';
}

/* Of a text that an attacker may have made long, the beginning. */
static bool contains(slice text, slice part)
{
    text = slice_first(text, CONTAINS_BYTES_MAX);
    for (size_t i = 0; i + part.len <= text.len; i++)
        if (slice_ieq((slice){text.ptr + i, part.len}, part))
            return true;
    return false;
}

static bool text_fits(enum node_op op, slice text, slice want)
{
    switch (op) {
    case NODE_PREFIX:
        return text.len >= want.len && slice_ieq(slice_first(text, want.len), want);
    case NODE_SUFFIX:
        return text.len >= want.len && slice_ieq(slice_from(text, text.len - want.len), want);
    case NODE_CONTAINS:
        return contains(text, want);
    case NODE_DOMAIN:
        return ends_in_domain(text, want);
    default:
        return slice_ieq(text, want);
    }
}

static bool leaf_holds(const struct scenario_where *n, const struct event *ev,
                       const struct context *cx)
{
    struct fact_value v;

    fact_read(n->fact, ev, cx, &v);
    if (n->op == NODE_EXISTS)
        return v.present == (n->words != 0);
    if (!v.present)
        return false;
    switch (n->op) {
    case NODE_WORDS:
        return fact_type(n->fact) == FACT_TYPE_FLAG ? v.words == n->words
                                                    : (v.words & n->words) != 0;
    case NODE_RANGE:
        return v.number >= n->min && v.number <= n->max;
    case NODE_NETS:
        for (unsigned i = 0; i < n->count; i++)
            if (ip_net_contains(&n->nets[i], &v.ip))
                return true;
        return false;
    default:
        for (unsigned i = 0; i < n->count; i++)
            if (text_fits(n->op, v.text, n->texts[i]))
                return true;
        return false;
    }
}

bool where_holds(const struct scenario_where *n, const struct event *ev, const struct context *cx)
{
    const struct scenario_where *child;

    if (n == NULL)
        return true;
    if (n->op > NODE_NOT)
        return leaf_holds(n, ev, cx);
    child = n + 1;
    if (n->op == NODE_NOT)
        return !where_holds(child, ev, cx);
    for (unsigned i = 0; i < n->count; i++, child += child->size)
        if (where_holds(child, ev, cx) == (n->op == NODE_ANY))
            return n->op == NODE_ANY;
    return n->op == NODE_ALL;
}

static void put_words(enum fact fact, uint32_t words, struct outbuf *out)
{
    const char *word;

    for (unsigned i = 0; (word = fact_word(fact, i)) != NULL; i++)
        if (words >> i & 1)
            outbuf_printf(out, " %s", word);
}

static void put_value(enum fact fact, const struct event *ev, const struct context *cx,
                      struct outbuf *out)
{
    struct fact_value v;
    char text[IP_ADDR_TEXT];

    fact_read(fact, ev, cx, &v);
    if (!v.present) {
        outbuf_puts(out, ", which it has not");
        return;
    }
    outbuf_puts(out, ", which is");
    switch (fact_type(fact)) {
    case FACT_TYPE_FLAG:
        outbuf_puts(out, v.words != 0 ? " true" : " false");
        break;
    case FACT_TYPE_NUMBER:
        outbuf_printf(out, " %g", v.number);
        break;
    case FACT_TYPE_TEXT:
        outbuf_puts(out, " \"");
        outbuf_plain(out, v.text, 60);
        outbuf_putc(out, '"');
        break;
    case FACT_TYPE_ADDRESS:
        outbuf_putc(out, ' ');
        outbuf_put(out, ip_addr_format(&v.ip, text));
        break;
    default:
        put_words(fact, v.words, out);
        break;
    }
}

void where_explain(const struct scenario_where *n, const struct event *ev, const struct context *cx,
                   struct outbuf *out)
{
    const struct scenario_where *child;
    enum fact fact;

    if (n == NULL)
        return;
    child = n + 1;
    for (unsigned i = 0; i < n->count; i++, child += child->size) {
        if (where_holds(child, ev, cx))
            continue;
        fact = fact_find(slice_of(child->label));
        outbuf_printf(out, "not by \"%s\"", child->label);
        if (fact != FACT_NONE)
            put_value(fact, ev, cx, out);
        return;
    }
}
