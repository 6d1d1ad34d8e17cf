/* test_sasl_text.c - the account in AUTH lines, and never the password */
#include "sasl_text.h"
#include "test.h"

#include <stdlib.h>

/* "NTLMSSP\0", 3, domain "EXAMPLE", user "alice" in UTF-16LE, as a client would send it. */
static size_t make_ntlm(unsigned char *out)
{
    static const char domain[] = "EXAMPLE", user[] = "alice";
    size_t at = 64;

    memset(out, 0, 128);
    memcpy(out, "NTLMSSP", 8);
    out[8] = 3;
    out[28] = 14, out[32] = 64;
    out[36] = 10, out[40] = 78;
    out[60] = 1;
    for (size_t i = 0; i < 7; i++, at += 2)
        out[at] = (unsigned char)domain[i];
    for (size_t i = 0; i < 5; i++, at += 2)
        out[at] = (unsigned char)user[i];
    return at;
}

static size_t encode(const unsigned char *in, size_t len, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t n = 0;

    for (size_t i = 0; i < len; i += 3) {
        unsigned long bits = (unsigned long)in[i] << 16;
        bits |= i + 1 < len ? (unsigned long)in[i + 1] << 8 : 0;
        bits |= i + 2 < len ? (unsigned long)in[i + 2] : 0;
        for (unsigned k = 0; k < 4; k++)
            out[n++] = i + k > len ? '=' : digits[bits >> (18 - 6 * k) & 63];
    }
    return n;
}

static void the_account_is_found(void)
{
    static const struct {
        const char *mechanism;
        unsigned step;
        const char *data, *user; /* user NULL: absent */
    } rows[] = {
        {"LOGIN", 1, "YWxpY2U=", "alice"},
        {"login", 1, "YWxpY2VAZXhhbXBsZS5vcmc=", "alice@example.org"},
        {"LOGIN", 2, "c2VjcmV0", NULL}, /* the password */
        {"PLAIN", 1, "AGFsaWNlAHNlY3JldA==", "alice"},
        {"PLAIN", 1, "Ym9zcwBhbGljZQBzZWNyZXQ=", "alice"},
        {"PLAIN", 1, "YWxpY2U=", NULL}, /* no NUL at all */
        {"PLAIN", 1, "AGFsaWNl", NULL}, /* one: what follows may be a password */
        {"LOGIN", 1, "*", NULL},
        {"LOGIN", 1, "", NULL},
        {"LOGIN", 1, "a b", NULL},
        {"CRAM-MD5", 1, "YWxpY2U=", NULL},
        {"NTLM", 1, "TlRMTVNTUAABAAAA", NULL}, /* message 1 */
        {"NTLM", 2, "TlRMTVNTUAADAAAA", NULL}, /* cut */
    };
    char buf[SASL_USER_MAX];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        slice user =
            sasl_text_user(slice_of(rows[i].mechanism), rows[i].step, slice_of(rows[i].data), buf);
        CHECK_INT(user.ptr == NULL, rows[i].user == NULL);
        if (rows[i].user != NULL)
            CHECK_SLICE(user, rows[i].user);
    }
}

static void ntlm_names_domain_and_user(void)
{
    unsigned char message[128];
    char data[256], buf[SASL_USER_MAX];
    size_t len = encode(message, make_ntlm(message), data);

    CHECK_SLICE(sasl_text_user(SLICE_LIT("NTLM"), 2, (slice){data, len}, buf), "EXAMPLE\\alice");
}

static void ntlm_fields_outside_the_message_are_not_read(void)
{
    static const struct {
        size_t at;
        unsigned char value;
    } rows[] = {{40, 200}, {41, 1}, {42, 1}, {43, 255}, {36, 255}, {37, 255}};
    unsigned char message[128];
    char data[256], buf[SASL_USER_MAX];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t size = make_ntlm(message);
        message[rows[i].at] = rows[i].value;
        size_t len = encode(message, size, data);
        CHECK(sasl_text_user(SLICE_LIT("NTLM"), 2, (slice){data, len}, buf).ptr == NULL);
    }
}

static void a_line_cut_anywhere_is_survived(void)
{
    unsigned char message[128];
    char data[256], buf[SASL_USER_MAX];
    size_t len = encode(message, make_ntlm(message), data);

    for (size_t n = 0; n < len; n++) {
        char *block = malloc(n == 0 ? 1 : n);
        memcpy(block, data, n);
        slice user = sasl_text_user(SLICE_LIT("NTLM"), 2, (slice){block, n}, buf);
        CHECK(user.ptr == NULL || slice_eq(user, SLICE_LIT("EXAMPLE\\alice")));
        free(block);
    }
}

static void a_name_that_is_too_long_is_cut(void)
{
    char data[800], buf[SASL_USER_MAX];

    memset(data, 'Y', sizeof data);
    CHECK_INT(sasl_text_user(SLICE_LIT("LOGIN"), 1, (slice){data, sizeof data}, buf).len,
              SASL_USER_MAX - 1);
}

static const struct test_case cases[] = {
    {"the account is found, the password never", the_account_is_found},
    {"NTLM names domain and user", ntlm_names_domain_and_user},
    {"NTLM fields outside the message are not read", ntlm_fields_outside_the_message_are_not_read},
    {"a line cut anywhere is survived", a_line_cut_anywhere_is_survived},
    {"a name that is too long is cut", a_name_that_is_too_long_is_cut},
};

TEST_MAIN(cases)
