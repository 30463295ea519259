/* Memory for jansson's values. */
#ifndef WI_BASE_JSON_MEMORY_H
#define WI_BASE_JSON_MEMORY_H

/* From now on small pieces of memory that jansson gives back on this thread are kept and given to
 * it again there; other threads use malloc() and free(), and values may pass between all. To be
 * called before there is any other thread, and ended on the same thread. */
void wi_json_memory_begin(void);
void wi_json_memory_end(void);

#endif
