/* POST /v1/admin/backup: the database while it is made into a file and sent. */
#ifndef WI_API_ENDPOINTS_BACKUP_H
#define WI_API_ENDPOINTS_BACKUP_H

/* One that is under way; it frees itself. */
struct wi_api_backup;
/* The endpoints go before it ends. NULL is fine. */
void wi_api_backup_forsake(struct wi_api_backup *backup);

#endif
