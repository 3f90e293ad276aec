/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * top -- the machine on one screen: bars, the busiest of everything, and the processes, sorted and
 * filtered by keys. Here are the beat and the keys; the numbers are other commands' rows
 * (builtins_top_source.c). Who is not live gets the same as plain text, once. Runs on a session's
 * thread.
 */
#include <errno.h>
#include <string.h>

#include "builtins_top_private.h"
#include "key.h"
#include "text.h"

enum { ARG_SECONDS };
enum { ARENA_BYTES = 64 << 10, FRAME_BYTES = 16 << 20, PLAIN_COLUMNS = 80 };
enum { GO_ON, LEAVE, LOOK_AGAIN }; /* what a key wants */

#define CONTROL(c) ((c)&0x1f)

/* So long the slower ones are waited for before a frame shows what the quicker ones said. */
static const int64_t gather_ns = 150 * NS_PER_MS;

/* --- keys --- */

static void
change(struct top *t)
{
	t->unsorted = true;
	t->scroll = 0;
}

static void
stop_typing(struct top *t)
{
	t->typing = false;
	buf_clear(&t->old_word);
}

static void
type_key(struct top *t, int key)
{
	char bytes[4];
	size_t n;

	if (key == '\n' || key == '\r') {
		stop_typing(t);
		return;
	}
	if (key == CONTROL('[')) {
		buf_clear(&t->word);
		buf_put(&t->word, t->old_word.data, t->old_word.len);
		stop_typing(t);
	} else if (key == CONTROL('U')) {
		buf_clear(&t->word);
	} else if ((key == '\b' || key == 0x7f) && t->word.len) {
		do {
			t->word.len--;
		} while (((unsigned char)t->word.data[t->word.len] & 0xc0) == 0x80);
	} else if (key >= ' ' && key != 0x7f && key < KEY_INVALID) {
		n = key_encode((uint32_t)key, bytes);
		if (t->word.len + n < TOP_WORD_BYTES && text_is_clean(bytes, n))
			buf_put(&t->word, bytes, n);
	}
	change(t);
}

static void
choose_order(struct top *t, int key)
{
	for (size_t i = 0; i < TOP_BY__COUNT; i++) {
		if (top_orders[i].key != key)
			continue;
		t->sort = (enum top_sort)i;
		t->reverse = false;
		change(t);
	}
}

static void
move(struct top *t, int key)
{
	long page = (long)(t->page ? t->page : 1), all = (long)t->shown.n_rows;

	switch (key) {
	case KEY_UP:
	case 'k':
		top_scroll(t, -1);
		break;
	case KEY_DOWN:
	case 'j':
		top_scroll(t, 1);
		break;
	case KEY_PAGE_UP:
	case CONTROL('B'):
		top_scroll(t, -page);
		break;
	case KEY_PAGE_DOWN:
	case CONTROL('F'):
		top_scroll(t, page);
		break;
	case KEY_HOME:
		top_scroll(t, -all);
		break;
	case KEY_END:
		top_scroll(t, all);
		break;
	default:
		choose_order(t, key);
	}
}

static int
take_key(struct top *t, int key)
{
	if (t->typing) {
		type_key(t, key);
		return GO_ON;
	}
	if (t->help) {
		t->help = false;
		return GO_ON;
	}
	switch (key) {
	case 'q':
	case 'Q':
	case CONTROL('['):
		return LEAVE;
	case ' ':
		return LOOK_AGAIN;
	case 'h':
	case '?':
		t->help = true;
		break;
	case '/':
	case 'f':
		t->typing = true;
		buf_put(&t->old_word, t->word.data, t->word.len);
		break;
	case 'r':
		t->reverse = !t->reverse;
		change(t);
		break;
	case '1':
		t->one_bar = !t->one_bar;
		break;
	default:
		move(t, key);
	}
	return GO_ON;
}

/* --- live --- */

struct beat {
	struct builtins_live live;
	struct buf frame;
	double every_s;
	int64_t every_ns, next_ns, news_ns;
	bool open, news; /* answers are outstanding; there is something to show, since news_ns */
};

static int
draw(struct top *t, struct beat *b)
{
	const struct asker *now = t->reply->asker;
	unsigned columns, lines;

	t->look.ascii = now->render.ascii;
	t->look.color = now->render.color;
	buf_clear(&b->frame);
	builtins_live_window(&b->live, &columns, &lines);
	top_draw(t, columns, lines, b->every_s, &b->frame);
	return builtins_live_draw(&b->live, &b->frame);
}

static int
take_news(struct top *t, struct beat *b)
{
	bool news;
	int r = top_take(t, &news, &b->open);

	b->news |= news;
	if (b->news && (!b->open || now_ns() >= b->news_ns + gather_ns)) {
		b->live.wanted = true;
		b->news = false;
	}
	return r;
}

static void
ask_on_the_beat(struct top *t, struct beat *b, bool now)
{
	int64_t asked_ns;

	if (!now && now_ns() < b->next_ns)
		return;
	top_ask(t);
	asked_ns = now_ns();
	b->next_ns += b->every_ns * ((asked_ns - b->next_ns) / b->every_ns + 1);
	/* What is there is shown in its time, even if the next beat comes before that. */
	if (!b->news)
		b->news_ns = asked_ns;
	b->news = b->open = true; /* the clock, and the age of what is late */
}

static int64_t
wake_ns(const struct beat *b)
{
	int64_t gathered_ns = b->news_ns + gather_ns;

	return b->news && b->open && gathered_ns < b->next_ns ? gathered_ns : b->next_ns;
}

static int
run(struct top *t, struct beat *b)
{
	bool again = true;
	int r, want;

	for (;;) {
		ask_on_the_beat(t, b, again);
		again = false;
		r = take_news(t, b);
		if (r == 0 && builtins_live_due(&b->live))
			r = draw(t, b);
		if (r == 0)
			r = builtins_live_wait(&b->live, wake_ns(b));
		if (r < 0)
			return r;
		if (r != REPLY_KEY)
			continue;
		want = take_key(t, t->reply->ops->key(t->reply));
		b->live.wanted = true;
		again = want == LOOK_AGAIN;
		if (want == LEAVE)
			return 0;
	}
}

static int
run_live(struct top *t, double every_s)
{
	struct beat b = { .frame = BUF_INIT(FRAME_BYTES),
			  .every_s = every_s,
			  .every_ns = (int64_t)(every_s * (double)NS_PER_S),
			  .next_ns = now_ns() };
	int r;

	builtins_live_begin(&b.live, t->reply, true);
	t->reply->keys = true;
	r = run(t, &b);
	builtins_live_end(&b.live);
	buf_fini(&b.frame);
	return r;
}

/* --- for everybody else --- */

static int
run_once(struct top *t, unsigned width)
{
	_autobuf_ struct buf out = BUF_INIT(FRAME_BYTES);
	int64_t until_ns = now_ns() + BUILTINS_WAIT_S * NS_PER_S;
	bool news, open = true;
	int r = 0;

	top_ask(t);
	while (r >= 0 && open && now_ns() < until_ns) {
		r = top_take(t, &news, &open);
		if (r == 0 && open)
			r = t->reply->ops->wait(t->reply, until_ns);
	}
	if (r < 0)
		return r;
	top_draw(t, width ? width : PLAIN_COLUMNS, 0, BUILTINS_WAIT_S, &out);
	return t->reply->ops->text(t->reply, out.data, out.len);
}

static int
refuse(const struct request *request, struct buf *why)
{
	if (request->parsed->n_stages > 1)
		buf_puts(why, "top: nothing to filter (try process)");
	else
		buf_puts(why,
			 "top: is for the eye, neither JSON nor CSV (try status, cpu, process)");
	return STATUS_USAGE;
}

static int
exec(void *ctx, const struct request *request, struct rows *rows, struct reply *reply,
     struct buf *why)
{
	struct top t = { .env = ctx,
			 .reply = reply,
			 .look = request->asker->render,
			 .asker = *request->asker,
			 .word = BUF_INIT(TOP_WORD_BYTES),
			 .old_word = BUF_INIT(TOP_WORD_BYTES) };
	int r;

	(void)rows;
	if (request->parsed->n_stages > 1 || request->asker->render.format != RENDER_TEXT)
		return refuse(request, why);
	t.asker.person = false;
	arena_init(&t.arena, ARENA_BYTES);
	rows_init(&t.shown, NULL, 0, 0);
	top_sources_open(&t);
	r = request->asker->live ? run_live(&t, request->args[ARG_SECONDS].f)
				 : run_once(&t, t.look.width);
	top_processes_fini(&t);
	top_sources_close(&t);
	arena_fini(&t.arena);
	buf_fini(&t.word);
	buf_fini(&t.old_word);
	return r;
}

static const struct telmon_arg args[] = {
	[ARG_SECONDS] = { .name = "seconds",
			  .help = "time from one look to the next",
			  .flag = 'n',
			  .type = TELMON_REAL,
			  .def = "1",
			  .min = 0.1,
			  .max = 3600 },
};

const struct command builtins_top = {
	.name = "top",
	.help = "The machine on one screen, with keys to sort and filter",
	.args = args,
	.n_args = BUILTINS_COUNT(args),
	.kind = COMMAND_BUILTIN,
	.flags = COMMAND_STREAMS,
	.exec = exec,
};
