/* What goes to a node through its link, and what it may forget because it has come. */
#include "nodes/bridge/node.h"

#include "nodes/bridge/outgoing.h"

/* The protocol's promise is an acknowledgement within 25 ms; earlier when the page would have to
 * keep many or large answers. */
#define ACK_MS 25
#define ACK_MAX 64
#define ACK_MAX_BYTES (8 * 1024 * 1024)

int wi_node_send(struct wi_node *node, struct wi_message *message)
{
    if (node->link)
        return wi_link_send(node->link, message);
    wi_message_free(message);
    return -1;
}

/* --- acknowledgements ------------------------------------------------------------------------ */

void wi_node_clear_acks(struct wi_node *node)
{
    wi_strings_clear(&node->acks);
    node->ack_bytes = 0;
    if (node->ack_timer && !node->part_acks)
        wi_timer_stop(node->ack_timer); /* or it would wake the loop for nothing */
}

void wi_node_forget_acks(struct wi_node *node)
{
    json_decref(node->part_acks);
    node->part_acks = NULL;
    wi_node_clear_acks(node);
}

/* As with all messages but task_request: a link that cannot take it is stuck or closing, and its
 * heartbeat ends it. */
void wi_node_send_acks(struct wi_node *node)
{
    if (!node->acks.count && !node->part_acks)
        return;
    wi_node_send(node, wi_make_acks(++node->bridge->sequence, &node->acks, node->part_acks));
    wi_node_forget_acks(node);
}

void wi_node_acknowledge(struct wi_node *node, const char *attempt_id, size_t bytes)
{
    wi_strings_add(&node->acks, attempt_id);
    node->ack_bytes += bytes;
    if (node->acks.count >= ACK_MAX || node->ack_bytes >= ACK_MAX_BYTES)
        wi_node_send_acks(node);
    else if (!wi_timer_running(node->ack_timer))
        wi_timer_start(node->ack_timer, ACK_MS, 0);
}

void wi_node_acknowledge_parts(struct wi_node *node, const char *attempt_id, uint64_t seq)
{
    if (!node->part_acks)
        node->part_acks = json_object();
    json_object_set_new(node->part_acks, attempt_id, json_integer((json_int_t)seq));
    if (json_object_size(node->part_acks) >= ACK_MAX)
        wi_node_send_acks(node);
    else if (!wi_timer_running(node->ack_timer))
        wi_timer_start(node->ack_timer, ACK_MS, 0);
}
