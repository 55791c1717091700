/* The profiles that every ws has, as INI. */
#ifndef WS_WS_PROFILE_BUILTIN_H
#define WS_WS_PROFILE_BUILTIN_H

extern const char profile_builtin_text[];

#endif
