/* POST /v1/admin/backup: copies the database to a file and sends it. */
#ifndef WI_API_ENDPOINTS_BACKUP_ENDPOINT_H
#define WI_API_ENDPOINTS_BACKUP_ENDPOINT_H

/* A backup that is under way; it frees itself. */
struct wi_api_backup;
/* To be called when the endpoints are freed before it ends. NULL is fine. */
void wi_api_backup_forsake(struct wi_api_backup *backup);

#endif
