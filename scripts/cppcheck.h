/* Macros as cppcheck needs them: those of headers that it does not find (utlist, uthash, Jansson), and those of ours that
 * use what it cannot read (__VA_OPT__, _Generic). */
#define __cppcheck__ 1 /* it does not when options define macros */
#define LL_FOREACH(h, e) for ((e) = (h); e; (e) = (e)->next)
#define DL_FOREACH(h, e) for ((e) = (h); e; (e) = (e)->next)
#define LL_FOREACH_SAFE(h, e, t) for ((e) = (h); (e) && ((t) = (e)->next, 1); (e) = (t))
#define DL_FOREACH_SAFE(h, e, t) for ((e) = (h); (e) && ((t) = (e)->next, 1); (e) = (t))
#define LL_FOREACH2(h, e, n) for ((e) = (h); e; (e) = (e)->n)
#define DL_FOREACH2(h, e, n) for ((e) = (h); e; (e) = (e)->n)
#define LL_FOREACH_SAFE2(h, e, t, n) for ((e) = (h); (e) && ((t) = (e)->n, 1); (e) = (t))
#define DL_FOREACH_SAFE2(h, e, t, n) for ((e) = (h); (e) && ((t) = (e)->n, 1); (e) = (t))
#define HASH_ITER(hh, h, e, t) for ((e) = (h); (e) && ((t) = (e)->hh.next, 1); (e) = (t))
#define json_array_foreach(array, index, value) \
    for ((index) = 0; ((value) = json_array_get(array, index)) != 0; (index)++)
#define json_object_foreach(object, key, value) \
    for ((key) = json_object_key(object); (key) && ((value) = json_object_get(object, key)) != 0; (key) = json_next(key))
#define json_object_foreach_safe(object, next, key, value) \
    for ((key) = json_object_key(object); (key) && ((next) = json_next(key), (value) = json_object_get(object, key)) != 0; (key) = (next))
