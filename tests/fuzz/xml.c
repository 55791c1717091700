/* The XML tokenizer: events are views of the document, names nest, and text that was escaped comes back. */
#include "s3/xml.h"

#include "base/mem.h"
#include "tests/fuzz/fuzz.h"

static void check_events(struct str document)
{
	struct err e = ERR_INIT;
	struct xml x;
	enum xml_event event;
	int r;
	xml_open(&x, document);
	while ((r = xml_next(&x, &event, &e)) == 0 && event != XML_EVENT_DONE) {
		assert(x.depth <= XML_DEPTH_MAX && x.pos <= document.len);
		assert(fuzz_inside(x.name, document) && fuzz_inside(x.text, document));
		if (event == XML_EVENT_TEXT) {
			BUF_AUTO text = buf_make(document.len);
			xml_add_text(&x, &text);
			assert(!text.too_large);
		}
	}
	assert(r < 0 ? err_is(&e) : x.depth == 0 && x.root_closed);
}

static void check_escape(struct str text)
{
	struct err e = ERR_INIT;
	struct xml x;
	BUF_AUTO document = buf_make(6 * text.len + 7);
	BUF_AUTO back = buf_make(text.len);
	buf_add_text(&document, "<a>");
	if (xml_escape(text, &document) < 0)
		return;
	buf_add_text(&document, "</a>");
	xml_open(&x, buf_str(&document));
	assert(xml_next_close(&x, &back, &e) == 1 && str_eq(buf_str(&back), text));
	assert(xml_next_close(&x, &back, &e) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_events(str_from(data, size));
	check_escape(str_from(data, size));
	return 0;
}
