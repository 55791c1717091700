/* The XML tokenizer: what it gives, what it refuses. */
#include "s3/xml.h"

#include <dirent.h>
#include <stdio.h>

#include "tests/unit/tap.h"

static const char vectors[] = "../shared/vectors/xml";

/* Run over a whole document; 0 when it is well-formed. */
static int run(struct str document)
{
	struct err e = ERR_INIT;
	struct xml x;
	BUF_AUTO text = buf_make(1 << 20);
	int more;
	xml_open(&x, document);
	do
		more = xml_next_close(&x, &text, &e);
	while (more > 0);
	return more;
}

static void test_good(void)
{
	static const char *const good[] = {
		"<a/>",
		"<a></a>",
		" <a/> ",
		"\xef\xbb\xbf<?xml version='1.0'?><a/>",
		"<?xml version=\"1.0\" encoding=\"UTF-8\" standalone='yes' ?>\n<a/>\n",
		"<!-- before --><a/><!-- after --><?pi x?>",
		"<a b='1' c = \"2\" d=''/>",
		"<a b='&lt;&#65;'>&amp;&quot;&apos;&gt;</a>",
		"<a><![CDATA[ <b> & ]] ]]></a>",
		"<a>]] &gt; > </a>",
		"<\xc3\xa9l\xc3\xa9ment/>",
		"<x:a xmlns:x='y'><x:b/></x:a>",
		"<a>&#x1F600;&#9;</a>",
	};
	for (size_t i = 0; i < COUNTOF(good); i++)
		TAP_OK(run(str_of(good[i])) == 0, "accepted: %s", good[i]);
}

static void test_refused(void)
{
	static const char *const refused[] = {
		"",
		" ",
		"a",
		"<",
		"<a",
		"<a>",
		"<a></b>",
		"<a/><b/>",
		"<a/>x",
		"x<a/>",
		" <?xml version='1.0'?><a/>",
		"<?xml version='1.1'?><a/>",
		"<?xml?><a/>",
		"<?xml encoding='UTF-8'?><a/>",
		"<?xml version='1.0' encoding='UTF-16'?><a/>",
		"<!DOCTYPE a><a/>",
		"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
		"<a>&b;</a>",
		"<a>&amp</a>",
		"<a>&</a>",
		"<a>&#0;</a>",
		"<a>&#xD800;</a>",
		"<a>&#x110000;</a>",
		"<a>&#99999999999999999999;</a>",
		"<a>&#;</a>",
		"<a>&#x;</a>",
		"<a>&#31;</a>",
		"<a b=1/>",
		"<a b/>",
		"<a b='1'c='2'/>",
		"<a b='1' b='2'/>",
		"<a b='<'/>",
		"<a b='&x;'/>",
		"<a><!-- -- --></a>",
		"<a><!-- ---></a>",
		"<a>]]></a>",
		"<a><![CDATA[x</a>",
		"<![CDATA[x]]><a/>",
		"<a><?xml version='1.0'?></a>",
		"<a>\x01</a>",
		"<a>\xff</a>",
		"<a>\xc0\x80</a>",
		"<a>\xed\xa0\x80</a>",
		"< a/>",
		"<a / >",
		"</a>",
		"<1/>",
		"<a></a ><b>",
		"<a>\xef\xbf\xbf</a>",
	};
	for (size_t i = 0; i < COUNTOF(refused); i++)
		TAP_OK(run(str_of(refused[i])) == -1, "refused: %s", refused[i]);
	TAP_OK(run(str_from("<a>\0</a>", 8)) == -1, "a NUL in text is refused");
}

static void test_cut_everywhere(void)
{
	struct str whole =
		S("<?xml version=\"1.0\"?><r a='1'><!-- c --><b>x&amp;y</b><c/><![CDATA[d]]></r>");
	size_t accepted = 0;
	for (size_t len = 0; len < whole.len; len++)
		accepted += run(str_head(whole, len)) == 0;
	TAP_INT(accepted, 0, "a document cut anywhere is refused");
	TAP_OK(run(whole) == 0, "and accepted whole");
}

static void test_depth(void)
{
	BUF_AUTO deep = buf_make(1 << 16);
	for (int extra = 0; extra < 2; extra++) {
		int levels = XML_DEPTH_MAX + extra;
		buf_clear(&deep);
		for (int i = 0; i < levels; i++)
			buf_add_text(&deep, "<a>");
		for (int i = 0; i < levels; i++)
			buf_add_text(&deep, "</a>");
		TAP_OK(run(buf_str(&deep)) == (extra ? -1 : 0), "%d levels are %s", levels,
		       extra ? "refused" : "accepted");
	}
}

static void test_leaves(void)
{
	struct err e = ERR_INIT;
	struct xml x;
	BUF_AUTO text = buf_make(100);
	xml_open(&x, S("<R>\n <C><K>a&amp;&#x62;<![CDATA[<&>]]>c\r\nd</K></C>\n <T/></R>"));
	TAP_OK(xml_next_close(&x, &text, &e) == 1 && str_is(x.name, "K"),
	       "the first to close is K");
	TAP_TEXT(text.p, "a&b<&>c\nd", "its text is put together and decoded");
	TAP_OK(xml_inside(&x, "R", "C"), "it is inside R and C");
	TAP_OK(xml_next_close(&x, &text, &e) == 1 && str_is(x.name, "C"), "then C");
	TAP_OK(xml_inside(&x, "R", NULL) && !xml_inside(&x, "R", "C"), "which is inside R alone");
	TAP_OK(xml_next_close(&x, &text, &e) == 1 && str_is(x.name, "T") && text.len == 0,
	       "then T, empty");
	TAP_OK(xml_next_close(&x, &text, &e) == 1 && str_is(x.name, "R") && x.depth == 0, "then R");
	TAP_OK(xml_next_close(&x, &text, &e) == 0, "then nothing");
	xml_open(&x, S("<a>0123456789</a>"));
	BUF_AUTO small = buf_make(9);
	TAP_OK(xml_next_close(&x, &small, &e) == -1 && e.kind == ERR_KIND_DATA,
	       "text over the buffer's cap is an error");
}

static void test_escape(void)
{
	struct err e = ERR_INIT;
	BUF_AUTO doc = buf_make(1000);
	BUF_AUTO text = buf_make(1000);
	struct xml x;
	struct str hostile = S("<&>\"'\r\n\t]]> \xe2\x82\xac");
	buf_add_text(&doc, "<a>");
	TAP_OK(xml_escape(hostile, &doc) == 0, "text with markup in it can be escaped");
	buf_add_text(&doc, "</a>");
	xml_open(&x, buf_str(&doc));
	TAP_OK(xml_next_close(&x, &text, &e) == 1 && str_eq(buf_str(&text), hostile),
	       "and comes back as it was");
	TAP_OK(xml_escape(S("\x01"), &doc) == -1, "a control byte cannot be in XML");
	TAP_OK(xml_escape(S("\xff"), &doc) == -1, "nor can what is not UTF-8");
}

static void refuse_file(const char *name)
{
	char path[512];
	char content[65536];
	snprintf(path, sizeof(path), "%s/%s", vectors, name);
	FILE *f = fopen(path, "rb");
	size_t len = f ? fread(content, 1, sizeof(content), f) : 0;
	if (f)
		fclose(f);
	TAP_OK(f && run(str_from(content, len)) == -1, "refused: vectors/xml/%s", name);
}

static void test_vectors(void)
{
	DIR *dir = opendir(vectors);
	if (!dir) {
		tap_skip("every document of vectors/xml is refused",
		         "../shared/vectors/xml is absent");
		return;
	}
	for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
		if (str_ends(str_of(entry->d_name), S(".xml")))
			refuse_file(entry->d_name);
	closedir(dir);
}

int main(void)
{
	test_good();
	test_refused();
	test_cut_everywhere();
	test_depth();
	test_leaves();
	test_escape();
	test_vectors();
	return tap_done();
}
