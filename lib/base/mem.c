/* Allocation that ends the process when there is no memory. */
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

void mem_exhausted(void)
{
	fputs("ws: out of memory\n", stderr);
	_Exit(ERR_KIND_IO);
}

void *mem_new(size_t n, size_t size)
{
	/* calloc checks the product; musl and glibc give a pointer that can be freed for 0. */
	void *p = calloc(n > 0 ? n : 1, size > 0 ? size : 1);
	if (!p)
		mem_exhausted();
	return p;
}

void *mem_grow(void *p, size_t n, size_t size)
{
	size_t bytes;
	if (__builtin_mul_overflow(n, size, &bytes))
		mem_exhausted();
	void *grown = realloc(p, bytes > 0 ? bytes : 1);
	if (!grown)
		mem_exhausted();
	return grown;
}

char *mem_text(const char *text)
{
	return mem_str(str_of(text));
}

char *mem_str(struct str s)
{
	char *copy = mem_new(s.len + 1, 1);
	if (s.len > 0)
		memcpy(copy, s.p, s.len);
	return copy;
}

char *mem_printf(const char *fmt, ...)
{
	va_list args, again;
	va_start(args, fmt);
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	char *text = mem_new(len < 0 ? 1 : (size_t)len + 1, 1);
	if (len > 0)
		vsnprintf(text, (size_t)len + 1, fmt, again);
	va_end(again);
	return text;
}

void mem_free(void *p)
{
	free(p);
}

void mem_wipe(void *p, size_t len)
{
	if (len == 0)
		return;
	memset(p, 0, len);
	/* The compiler must assume that the zeros are looked at. */
	__asm__ volatile("" : : "r"(p) : "memory");
}

void mem_free_auto(void *pointer_to_pointer)
{
	/* Copied, because the variable is a char * or any other pointer, not a void *. */
	void *p;
	memcpy(&p, pointer_to_pointer, sizeof(p));
	free(p);
}

void mem_free_texts(char ***texts)
{
	for (char **p = *texts; p && *p; p++)
		mem_free(*p);
	mem_free(*texts);
	*texts = NULL;
}
