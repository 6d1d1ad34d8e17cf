/* truth.c - collects attacks and benign actors and writes them as JSON
 * limits: names hold no byte that JSON would escape but quotes and backslashes */
#include "truth.h"

#include <stdlib.h>
#include <string.h>

struct list {
    char **text;
    uint32_t count, room;
};

struct times {
    int64_t *us;
    uint32_t count, room;
};

struct truth_attack {
    struct truth_label label;
    char style[32];
    struct list actors, victims;
    struct times steps;
    bool extra;
};

struct truth {
    struct truth_attack **attacks;
    uint32_t count, room;
    struct list benign, classes;
    struct times logins;
    bool want_logins;
    const char *verdict;
};

static void *grown(void *p, uint32_t count, uint32_t *room, size_t size)
{
    if (count < *room)
        return p;
    *room = *room == 0 ? 8 : 2 * *room;
    p = realloc(p, *room * size);
    if (p == NULL)
        abort();
    return p;
}

static void list_add(struct list *l, const char *text)
{
    if (l->count > 0 && strcmp(l->text[l->count - 1], text) == 0)
        return;
    l->text = grown(l->text, l->count, &l->room, sizeof *l->text);
    l->text[l->count++] = strdup(text);
}

static void times_add(struct times *t, int64_t time_us)
{
    t->us = grown(t->us, t->count, &t->room, sizeof *t->us);
    t->us[t->count++] = time_us;
}

static void list_free(struct list *l)
{
    for (uint32_t i = 0; i < l->count; i++)
        free(l->text[i]);
    free(l->text);
}

struct truth *truth_new(void)
{
    struct truth *t = calloc(1, sizeof *t);

    if (t == NULL)
        abort();
    t->verdict = "no";
    return t;
}

void truth_free(struct truth *t)
{
    if (t == NULL)
        return;
    for (uint32_t i = 0; i < t->count; i++) {
        list_free(&t->attacks[i]->actors);
        list_free(&t->attacks[i]->victims);
        free(t->attacks[i]->steps.us);
        free(t->attacks[i]);
    }
    free(t->attacks);
    list_free(&t->benign);
    list_free(&t->classes);
    free(t->logins.us);
    free(t);
}

struct truth_attack *truth_begin(struct truth *t, const struct truth_label *label)
{
    struct truth_attack *a = calloc(1, sizeof *a);

    if (a == NULL)
        abort();
    a->label = *label;
    snprintf(a->style, sizeof a->style, "%s", label->style);
    t->attacks = grown(t->attacks, t->count, &t->room, sizeof *t->attacks);
    t->attacks[t->count++] = a;
    return a;
}

void truth_actor(struct truth_attack *a, const char *name)
{
    list_add(&a->actors, name);
}

void truth_victim(struct truth_attack *a, const char *name)
{
    list_add(&a->victims, name);
}

void truth_step(struct truth_attack *a, int64_t time_us)
{
    times_add(&a->steps, time_us);
}

void truth_extra(struct truth_attack *a)
{
    a->extra = true;
}

void truth_login(struct truth *t, int64_t time_us)
{
    if (t->want_logins)
        times_add(&t->logins, time_us);
}

void truth_want_logins(struct truth *t)
{
    t->want_logins = true;
}

void truth_benign(struct truth *t, const char *actor, const char *class)
{
    t->benign.text = grown(t->benign.text, t->benign.count, &t->benign.room, sizeof(char *));
    t->benign.text[t->benign.count++] = strdup(actor);
    t->classes.text = grown(t->classes.text, t->classes.count, &t->classes.room, sizeof(char *));
    t->classes.text[t->classes.count++] = strdup(class);
}

/* yes is worse than exposed, and that than attempted. */
static int rank(const char *state)
{
    static const char *const states[] = {"no", "attempted", "exposed", "yes"};

    for (int i = 3; i > 0; i--)
        if (strcmp(state, states[i]) == 0)
            return i;
    return 0;
}

void truth_verdict(struct truth *t, const char *state)
{
    if (rank(state) > rank(t->verdict))
        t->verdict = state;
}

/* ---- writing ---- */

static void put_text(FILE *out, const char *text)
{
    putc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            putc('\\', out);
        putc(*text, out);
    }
    putc('"', out);
}

static void put_list(FILE *out, const char *key, const struct list *l)
{
    fprintf(out, "\"%s\": [", key);
    for (uint32_t i = 0; i < l->count; i++) {
        fputs(i > 0 ? ", " : "", out);
        put_text(out, l->text[i]);
    }
    putc(']', out);
}

static int by_time(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static void put_times(FILE *out, const char *key, const struct times *t)
{
    if (t->count > 0)
        qsort(t->us, t->count, sizeof *t->us, by_time);
    fprintf(out, "\"%s\": [", key);
    for (uint32_t i = 0; i < t->count; i++)
        fprintf(out, "%s%.3f", i > 0 ? "," : "", (double)t->us[i] / 1e6);
    putc(']', out);
}

static void put_attack(FILE *out, const struct truth_attack *a, uint32_t id)
{
    static const char *const levels[] = {"low", "medium", "high"};
    const struct times *s = &a->steps;

    if (s->count > 0)
        qsort(s->us, s->count, sizeof *s->us, by_time);
    fprintf(out, "  {\"id\": %u, \"class\": \"%s\", \"name\": \"%s\", \"style\": ", id,
            a->label.class, a->label.name);
    put_text(out, a->style);
    fprintf(out, ", \"level\": \"%s\", \"evasion\": %s, \"note\": \"%s %s\",\n   ",
            levels[a->label.level], a->label.evasion ? "true" : "false", a->label.name, a->style);
    put_list(out, "actors", &a->actors);
    fputs(",\n   ", out);
    put_list(out, "victims", &a->victims);
    fprintf(out, ",\n   \"start\": %.3f, \"end\": %.3f, \"events\": %u,\n   ",
            s->count > 0 ? (double)s->us[0] / 1e6 : 0,
            s->count > 0 ? (double)s->us[s->count - 1] / 1e6 : 0, s->count);
    put_times(out, "steps", s);
    putc('}', out);
}

static void put_attacks(const struct truth *t, bool extra, FILE *out)
{
    bool first = true;

    fprintf(out, " \"%s\": [", extra ? "extra_attacks" : "attacks");
    for (uint32_t i = 0; i < t->count; i++) {
        if (t->attacks[i]->extra != extra)
            continue;
        fputs(first ? "\n" : ",\n", out);
        put_attack(out, t->attacks[i], i + 1);
        first = false;
    }
    fputs("],\n", out);
}

void truth_write(const struct truth *t, const struct truth_day *day, FILE *out)
{
    fprintf(out,
            "{\"scenario\": \"%s\", \"seed\": %llu, \"set\": \"%c\", \"users\": %u, \"days\": %u, "
            "\"start\": %.0f, \"mail_events\": %llu, \"lines\": %llu, \"names_in_failures\": %s,\n",
            day->scenario, (unsigned long long)day->seed, day->set, day->users, day->days,
            (double)day->start_us / 1e6, (unsigned long long)day->events,
            (unsigned long long)day->lines, day->names_in_failures ? "true" : "false");
    fprintf(out, " \"verdicts\": [\"%s\"],\n", t->verdict);
    put_attacks(t, false, out);
    put_attacks(t, true, out);
    fputs(" ", out);
    put_times(out, "logins", &t->logins);
    fputs(",\n \"benign\": [", out);
    for (uint32_t i = 0; i < t->benign.count; i++) {
        fputs(i > 0 ? ",\n  {\"actor\": " : "\n  {\"actor\": ", out);
        put_text(out, t->benign.text[i]);
        fprintf(out, ", \"note\": \"%s\"}", t->classes.text[i]);
    }
    fputs("]}\n", out);
}
