/* Private configuration of jansson for ws. No USE_URANDOM: a FROM scratch container may have no /dev, so
 * lib/data seeds the hash itself with json_object_seed. */
#define HAVE_ENDIAN_H        1
#define HAVE_SCHED_H         1
#define HAVE_STDINT_H        1
#define HAVE_SYS_PARAM_H     1
#define HAVE_SYS_STAT_H      1
#define HAVE_SYS_TIME_H      1
#define HAVE_SYS_TYPES_H     1
#define HAVE_UNISTD_H        1
#define HAVE_ATOMIC_BUILTINS 1
#define HAVE_SCHED_YIELD     1
#define HAVE_STRTOLL         1
