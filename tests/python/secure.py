"""Against a daemon with TLS and tokens, which tests/system/python.test.mjs starts."""
import asyncio
import os
import unittest

import webinfer

AUTHORITY = os.environ["WEBINFER_AUTHORITY"]
TOKEN = os.environ.pop("WEBINFER_TOKEN")


def awaited(token, cafile):
    async def run():
        async with webinfer.AsyncClient(token=token, cafile=cafile, retries=0) as client:
            return await client.status()
    return asyncio.run(run())


def waited(token, cafile):
    with webinfer.Client(token=token, cafile=cafile, retries=0) as client:
        return client.status()


class Secure(unittest.TestCase):
    def test_certificates_are_verified(self):
        for ask in (waited, awaited):
            with self.assertRaisesRegex(webinfer.Unreachable, "cannot be trusted") as caught:
                ask(TOKEN, None)
            self.assertEqual(caught.exception.code, "refused")
            self.assertTrue(ask(TOKEN, AUTHORITY)["version"])

    def test_without_its_token_nobody_is_let_in(self):
        for ask in (waited, awaited):
            for token in (None, "wi_no"):
                with self.assertRaises(webinfer.ServiceError) as caught:
                    ask(token, AUTHORITY)
                self.assertEqual((caught.exception.status, caught.exception.code), (401, "unauthorized"))

    def test_a_token_of_too_low_a_rank_is_told_which_is_needed(self):
        with webinfer.Client(token=TOKEN, cafile=AUTHORITY) as client:
            with self.assertRaises(webinfer.ServiceError) as caught:
                client.load("builtin/echo")
        self.assertEqual((caught.exception.status, caught.exception.code, caught.exception.expected),
                         (403, "rank", "a token of rank admin"))


if __name__ == "__main__":
    unittest.main()
