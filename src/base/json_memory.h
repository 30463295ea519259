/* Memory for jansson's values. */
#ifndef WI_BASE_JSON_MEMORY_H
#define WI_BASE_JSON_MEMORY_H

/* From now on small blocks of memory that jansson frees on this thread are kept and given to it
 * again on this thread. Other threads use malloc() and free(), and values may pass between all
 * threads. Call it before there is any other thread, and end it on the same thread. */
void wi_json_memory_begin(void);
void wi_json_memory_end(void);

#endif
