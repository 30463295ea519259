/*
 * Any bytes as the record of a member, under the key of the name that it tells. What is read is
 * bounded, can be shown, and is printed as a record that is read as the same member.
 */
#include "cluster/members.h"
#include "must.h"
#include "plant.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_member(const struct wi_cluster_member *member, const char *key)
{
    struct wi_cluster_member again = {0};
    struct wi_buffer out = {0};
    must(wi_text_is_plain(member->name) && member->name[0]);
    must(member->models.count <= WI_MEMBER_MODELS_MAX);
    for (size_t i = 0; i < member->models.count; i++)
        must(wi_text_is_plain(member->models.items[i]));
    wi_member_print(member, &out);
    must(out.size <= WI_MEMBER_RECORD_MAX + 1);
    must(wi_member_read(&again, key, out.text, out.size) == WI_READ_GOOD);
    must(strcmp(again.name, member->name) == 0 && again.at == member->at);
    must(wi_strings_equal(&again.models, &member->models));
    wi_member_clear(&again);
    wi_buffer_clear(&out);
    /* No seed has it. */
    WI_PLANT(member->waiting > 4 || member->running > 4 || member->nodes > 4);
}

/* The key of the name in the record, which is what comes in practice. */
static void find_key(const uint8_t *data, size_t size, char key[WI_MEMBER_KEY_SIZE])
{
    json_t *record = json_loadb((const char *)data, size, 0, NULL);
    const char *name = json_string_value(json_object_get(record, "name"));
    *key = '\0';
    if (name && strlen(name) <= WI_MEMBER_NAME_MAX)
        wi_member_key(name, key);
    json_decref(record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wi_cluster_member member = {0};
    struct wi_members members = {0};
    struct wi_name_claim claim = {0};
    char key[WI_MEMBER_KEY_SIZE];
    find_key(data, size, key);
    const struct wi_member_entry entry = {
        .key = key, .text = (const char *)data, .size = size, .revision = 1};
    if (wi_member_read(&member, key, entry.text, size) == WI_READ_GOOD)
        check_member(&member, key);
    else
        must(!member.name[0] && !member.models.items);
    wi_members_take(&members, &entry, 1, 1);
    wi_name_claim_take(&claim, &entry, 1);
    must(members.count + members.garbage + members.other_version == 1);
    must(claim.exists && (members.count == 0) == (claim.instance[0] == '\0'));
    wi_members_clear(&members);
    wi_member_clear(&member);
    return 0;
}
