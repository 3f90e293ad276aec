/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * session_private -- what the files of session share: the struct, and what each file does for the
 * others. Everything here runs on the session's own worker thread; only session_shared is seen by
 * many.
 */
#ifndef SESSION_PRIVATE_H
#define SESSION_PRIVATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "command.h"
#include "conn.h"
#include "key.h"
#include "lineedit.h"
#include "lock.h"
#include "log.h"
#include "mem.h"
#include "roster.h"
#include "row.h"
#include "session.h"
#include "telnet.h"
#include "wire.h"

enum { SESSION_MAGIC = 0x5e551017 };

/* The earlier of two times; < 0 = never. */
static inline int64_t
session_nearer(int64_t a_ns, int64_t b_ns)
{
	return a_ns < 0 || (b_ns >= 0 && b_ns < a_ns) ? b_ns : a_ns;
}

struct session_shared {
	/* set before start */
	struct pipeline *pipeline;
	struct registry *registry;
	struct roster *roster;
	struct access *access;
	struct host *host;
	session_banner_cb *banner;
	void *banner_ctx;
	int stop_fd;		  /* an eventfd that nobody reads: once written, every wait ends */
	_Atomic bool stopping;	  /* the same for who does not wait */
	_Atomic unsigned editors; /* open at the moment */
	struct lock lock;
	struct session_limits limits; /* guarded by lock */
};

enum talk { TALK_SCRIPT, TALK_FRAMED, TALK_PLAIN, TALK_TELNET };

enum { CHOICE_AUTO, CHOICE_OFF, CHOICE_ON };

/* What only people need; made when a session turns out to be one. */
struct person {
	struct telnet *telnet;	 /* NULL: no telnet */
	struct lineedit *editor; /* NULL until the first prompt */
	struct buf typed;	 /* decoded keys that nobody has taken yet; TYPED_MARK among them */
	size_t typed_at;	 /* first one not taken */
	size_t key_from;	 /* of typed: what came after the running command began */
	unsigned columns, rows;	 /* of the window; 0 = unknown */
	unsigned next_columns;	 /* told by the peer, not shown to the editor yet */
	int64_t redraw_ns;	 /* when it may be */
	int64_t suboption_ns, urgent_ns; /* deadlines; 0 = none runs */
	int64_t idle_ns; /* when waiting for a key becomes too long; -1 = never, 0 = not waiting */
	int64_t end_ns; /* when telnet's EOF becomes the end, unless more is typed; 0 = none came */
	char terminal[48];
	bool last_cr;	  /* of output: telnet_encode()'s carry */
	bool typed_cr;	  /* of input: swallow an LF or NUL */
	bool dumb;	  /* the terminal has no UTF-8 */
	bool colors;	  /* it has colours */
	bool ansi;	  /* its cursor can be moved */
	bool windowed;	  /* columns and rows are the peer's word */
	bool prompted;	  /* a prompt is out and no IAC GA behind it yet */
	bool interrupted; /* the line before ended by ^C, and nothing was typed since */
	bool asked;	  /* AYT waits for its answer */
	bool resized;	  /* the editor has not acted on its new window yet */
	bool has_place;	  /* of the editors that there may be */
	bool no_editor;	  /* none can be had */
};

struct session {
	unsigned magic;
	enum talk talk;
	struct session_shared *shared;
	struct session_limits limits;
	struct conn conn;
	struct roster_seat seat;
	struct asker asker;
	struct reply reply;
	struct arena arena;	  /* the line at hand and what is parsed of it */
	enum parse_format format; /* that the command at hand asks for */
	struct pager *pager;	  /* of the line at hand; NULL: a live person has none */
	struct person *person;
	struct buf body; /* framed: the part that is being made */
	struct buf keys; /* framed: bytes that /key brought for the running line */
	/* bytes read and not taken yet: in[in_at] .. in[in_end] */
	char *in;
	size_t in_at, in_end, in_cap;
	size_t scanned;		      /* behind in_at: how far was looked for a cancel */
	size_t drop;		      /* behind in_at: what a cancel drops */
	int64_t first_ns;	      /* when the first byte came */
	uint64_t lines;		      /* taken so far */
	int bell_fd;		      /* reply->doorbell; -1 until a command waits */
	int note_fd;		      /* rings for notes; people only */
	struct key_reader key_reader; /* of keys for the running line */
	int64_t escape_ns;	/* when what it has begun is a key by itself; 0 = nothing is */
	int key;		/* the next one; -EAGAIN = none is here */
	unsigned columns, rows; /* framed: the window that /resize told; 0 = unknown */
	char *prompt;		/* NULL = HOST> */
	unsigned width;		/* by /set; 0 = the window's */
	unsigned char charset, color; /* CHOICE_: charset ON is UTF-8 */
	unsigned char pager_choice;   /* CHOICE_: ON pages every format */
	bool paged;		      /* the running command's answer goes through the pager */
	bool idled;		      /* nobody pressed a key for too long */
	bool eof;		      /* the peer has ended its side */
	bool lost;		      /* the peer is gone, or as good as */
	bool over;		      /* no further line is wanted */
	bool stopped;		      /* because the daemon stops */
	bool full;		      /* the last read filled all the room: there may be more */
	bool dropping;		      /* the rest of a line that was too long */
	bool hold;		      /* no linger */
	bool cancelled;		      /* the running line */
	bool noted;		      /* notes wait to be shown */
	bool redraw;		      /* the window changed, or a note is where a view was drawn */
	bool bell_failed;	      /* no eventfd to be had: wait() looks again and again */
};

/* --- session.c: what is common to the ways of talking --- */

/* Makes the answer's look follow what is set and what the terminal can. */
void session_look(struct session *s);
/* A person from now on: notes are wanted, prefixes do. Lists the session as `kind`. */
void session_is_person(struct session *s, const char *kind);
/* Ends the session because the peer is gone. Returns -EPIPE. */
int session_lost(struct session *s);
/* "session 17 [10.0.0.5]" for a log line. */
const char *session_name(const struct session *s, struct buf *space);

/* --- session_io.c: waiting and reading --- */

enum {
	READY_IN = 1 << 0,
	READY_OUT = 1 << 1,
	READY_URGENT = 1 << 2,
	READY_HANGUP = 1 << 3, /* asked for: the end of input counts too; told unasked for errors
				  and full hang-up */
	READY_BELL = 1 << 4,
	READY_NOTE = 1 << 5,
	READY_STOP = 1 << 6, /* told unasked */
};

/* Sleeps until one of these is so, or until_ns (CLOCK_MONOTONIC, -1 = never): then 0. */
unsigned session_wait(struct session *s, unsigned want, int64_t until_ns);
/* The same for one who is idle: gives the buffers back when nothing happens soon. */
unsigned session_wait_idle(struct session *s, unsigned want, int64_t until_ns);
/* Reads once into `in`. Bytes, 0 at the end of input, -EAGAIN, -ENOBUFS (no room), -EPIPE (the peer
 * is gone). */
ssize_t session_fill(struct session *s);
/* The same, but waits up to timeout_ns for bytes or the end; nothing wakes it. */
ssize_t session_fill_wait(struct session *s, int64_t timeout_ns);
bool session_may_fill(const struct session *s);
/* The next complete line, without its end; valid until the next fill. 1; 0 = none yet; -EMSGSIZE
 * (once for each such line). */
int session_take_line(struct session *s, const char **ret, size_t *ret_n);
/* What stands behind the last line end, once the input has ended. As above. */
int session_take_rest(struct session *s, const char **ret, size_t *ret_n);

/* --- session_output.c --- */

/* Bytes as they are, waiting for room. 0, -ECANCELED, -EPIPE. */
int session_put(struct session *s, const char *bytes, size_t n);
/* Waits until n more bytes have room. As above. */
int session_room(struct session *s, size_t n);
/* The same for what is owed even to who has cancelled. 0, -ECANCELED (the daemon stops), -EPIPE. */
int session_room_owed(struct session *s, size_t n);
/* Text with the line ends and characters of this session. As above. */
int session_text(struct session *s, const char *text, size_t n);
/* The same without waiting: too much is the end of the session. In a framed session it becomes a
 * part of the answer at hand, which may wait for room as any text does. */
void session_show(struct session *s, const char *text, size_t n);
/* Sends what the peer takes at once. 0, or -EPIPE. */
int session_flush(struct session *s);
/* Sends all that waits, however slow the peer is, up to stall_ns without progress. */
void session_flush_all(struct session *s);

/* --- session_pager.c: answers taller than the window --- */

/* Around a line. No pager for who is not live, or does not want one. */
void session_pager_begin(struct session *s);
/* Shows the rest. 0, -ECANCELED, -EPIPE. */
int session_pager_end(struct session *s);
/* Text of an answer, in pages: waits for keys. As above. */
int session_pager_text(struct session *s, const char *bytes, size_t n);
/* Text that goes past it comes now. As above. */
int session_pager_pass(struct session *s);

/* --- session_watch.c: the peer while a command runs --- */

/* Forgets what was seen while the line before ran. */
void session_watch_begin(struct session *s);
/* What to wait for so that a cancel and a hang-up are seen. */
unsigned session_watch_want(const struct session *s);
/* Looks at what was read already. 0, -ECANCELED, -EPIPE. */
int session_watch_look(struct session *s);
/* Acts on what session_wait() told. As above. */
int session_watch(struct session *s, unsigned ready);
bool session_is_cancel(const char *line, size_t n);

/* --- session_keys.c: keys for the running line --- */

/* None is here; what was typed so far is typed ahead. */
void session_keys_begin(struct session *s);
bool session_key_ready(struct session *s);
/* -EAGAIN: none is here. */
int session_key_take(struct session *s);
/* When to look again although nothing came, or until_ns if that is nearer (-1 = never). */
int64_t session_key_deadline(const struct session *s, int64_t until_ns);
/* Bytes as pairs of hexadecimal digits. */
void session_keys_put(struct session *s, const char *hex, size_t n);

/* --- the ways of talking --- */

/* session_detect.c: decides, and runs the session to its end. */
void session_detect(struct session *s, enum session_mode mode);
/* True when a line or an opening is not for us: then it is logged and the session is over. */
bool session_foreign(struct session *s, const char *bytes, size_t n, bool opening);

/* session_script.c: scripts and framed sessions, from bytes that may be here already to the end. */
void session_script_run(struct session *s);

/* session_person.c: probed says that the probe is on the peer's screen or in its decoder. */
void session_person_run(struct session *s, enum talk talk, bool probed);
void session_person_free(struct session *s);
/* Shows the notes that wait and answers AYT, as lines of their own. Also for framed sessions, in an
 * answer that draws on a terminal. */
void session_person_news(struct session *s);
bool session_person_has_news(const struct session *s);
/* Answers the timing marks that came with or behind the last ^C. Some clients drop all output up to
 * the answer. */
void session_person_marks(struct session *s);

/* session_editor.c: the person's line editor. */
void session_editor_open(struct session *s);
/* Before each line: makes libedit serve as soon as it can. */
void session_editor_want(struct session *s);
void session_editor_close(struct session *s);

/* session_typed.c: what people type, from bytes to keys. */
enum { TYPED_MARK = 0, TYPED_INTERRUPT = 3, TYPED_KILL = 0x15, TYPED_ERASE = 0x7f };
void session_typed_put(struct session *s, const char *bytes, size_t n);
void session_typed_putc(struct session *s, char c);
/* Takes out typed[from..to) but answers to timing marks remain owed. */
void session_typed_cut(struct person *p, size_t from, size_t to);
/* Decodes bytes from the socket. */
void session_typed_bytes(struct session *s, const char *bytes, size_t n);
/* Reads once from the socket without waiting. 0, -EAGAIN, -EPIPE. */
int session_typed_read(struct session *s);
bool session_typed_full(const struct session *s);
/* Waits for something to happen. 0, -ETIME (until_ns is there), -ESHUTDOWN, -EPIPE. */
int session_typed_wait(struct session *s, int64_t until_ns);
/* The next key; -EAGAIN when none is here, -ECANCELED for ^C. Timing marks on the way are answered.
 */
int session_typed_next(struct session *s);

/* session_telnet.c */
void session_telnet_start(struct session *s, bool probed);
void session_telnet_read(struct session *s, const char *bytes, size_t n);
/* The nearest deadline of the protocol, or until_ns if that is nearer (-1 = never). */
int64_t session_telnet_deadline(const struct session *s, int64_t until_ns);
void session_telnet_tick(struct session *s);
/* Urgent data is on its way. */
void session_telnet_urgent(struct session *s);
/* Waits until the peer has answered the opening offer, at most half a second, and no longer than
 * there is room for what it types. */
void session_telnet_open(struct session *s);

/* session_framed.c */
int session_framed_text(struct session *s, const char *bytes, size_t n);
int session_framed_more(struct session *s);
void session_framed_done(struct session *s, int status);
/* A part of the running answer that is owed even to who has cancelled it. */
void session_framed_owed(struct session *s, const char *text, size_t n);
/* True when the line is /cancel, /resize or /key, which are not answered; it is acted on, but a
 * cancel is the caller's business. */
bool session_framed_control(struct session *s, const char *line, size_t n);
/* A note of our own, outside any answer. */
void session_framed_note(struct session *s, const char *text, size_t n);
/* The notes of others that wait. */
void session_framed_notes(struct session *s);
/* After a cancel: each queued line is answered as cancelled and not run. */
void session_framed_drop(struct session *s);

/* --- lines, words, rows --- */

/* session_reply.c */
extern const struct reply_ops session_reply_ops;
/* Puts the terminal right behind a command that drew. */
void session_reply_restore(struct session *s);
/* Text that is owed even to who has cancelled, and comes behind the answer to the timing mark. */
void session_reply_owed(struct session *s, const char *text);

/* session_line.c: answers a line: session words here, all else by pipeline. line[n] is NUL. Returns
 * the status of the answer. */
int session_line(struct session *s, const char *line, size_t n);
/* Writes an error as the command at hand wants it. Returns status, or what the reply said. */
int session_error(struct session *s, int status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Copies a line behind which the buffer may move. NULL: no memory. */
const char *session_keep_line(struct session *s, const char *line, size_t n);
/* Whether what follows these n bytes belongs to a word that takes the rest of the line as it is. */
bool session_line_is_text(struct session *s, const char *line, size_t n);
/* The error for a line that was too long. Returns its status. */
int session_line_too_long(struct session *s);

/* One session word at work. */
struct word_call {
	const char *line;		     /* the whole line */
	const struct parse_command *command; /* NULL for words that take the rest as it is */
	const char *rest;		     /* that rest, its end is the line's */
};
struct word {
	const char *name, *usage, *help;
	bool raw; /* takes the rest of the line as it is */
	int (*run)(struct session *s, const struct word_call *call);
};
/* session_words.c */
const struct word *session_words(size_t *ret_n);
/* NULL with why. name has n bytes. */
const struct word *session_word_find(struct session *s, const char *name, size_t n,
				     struct buf *why);
bool session_word_bare(const struct parse_command *c); /* quit, exit */

/* session_set.c */
struct setting {
	const char *name, *values, *help;
	int (*set)(struct session *s, const char *value); /* 0, or -EINVAL */
	void (*get)(struct session *s, struct buf *out);
};
const struct setting *session_settings(size_t *ret_n);
int session_word_set(struct session *s, const struct word_call *call);
/* Appends the prompt. */
void session_prompt(struct session *s, struct buf *out);

/* session_complete.c: what may stand at the cursor. Never waits. */
void session_complete(struct session *s, const char *line, size_t cursor,
		      struct lineedit_choices *ret);

/* session_complete_word.c */
int session_word_complete(struct session *s, const struct word_call *call);

/* session_rows.c */
enum render_format session_format(const struct session *s, enum parse_format format);
/* Filters and renders rows as the answer of a session word. Returns its status. */
int session_rows(struct session *s, const struct word_call *call, enum parse_format format,
		 struct rows *rows);

#endif
