def test_x():
    import coverloop
    assert coverloop.__version__
