/* exchange_list.h - the lists inside cells of Exchange tracking rows
 *
 * Members are parted by ";". A member that begins with an apostrophe or a bracket is a structure
 * with semicolons of its own: '[{LED=554 5.2.2 full; more};{MSG=}]'. An address may have a quoted
 * local part. Replies of remote servers hold anything, so where a list does not come out with as
 * many members as it must have, it is cut at every semicolon, and if that fails it stays whole.
 *
 * source: Microsoft "Message tracking" (recipient-status, custom-data); real rows. */
#ifndef PARSERS_EXCHANGE_LIST_H
#define PARSERS_EXCHANGE_LIST_H

#include "base/slice.h"

/* A walk over a list; all of it is borrowed from the cell. */
struct exchange_list {
    slice rest;
    bool more, plain; /* plain: every separator parts */
    char separator;
};

/* exchange_list_begin - start on a cell; an empty cell has no member
 *
 *   in        expected   how many members it must have; 0: not known */
struct exchange_list exchange_list_begin(slice cell, char separator, size_t expected);

/* exchange_list_next - the next member, without blanks around it; false behind the last */
bool exchange_list_next(struct exchange_list *list, slice *ret);

/* exchange_list_count - how many members */
size_t exchange_list_count(slice cell, char separator, size_t expected);

/* exchange_list_value - VALUE of the first member KEY=VALUE ("S:FromEntity=Internet")
 *
 *   in        key   with its type mark and equals sign: "S:FromEntity="
 *   result    absent when there is none */
slice exchange_list_value(slice cell, slice key);

/* exchange_list_detail - VALUE of {KEY=VALUE} inside a structured status; absent when there is none
 *
 *   in        key   "LED": the last error, "FQDN" and "IP": where it came from */
slice exchange_list_detail(slice status, slice key);

#endif
